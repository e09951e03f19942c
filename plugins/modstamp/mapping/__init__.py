"""The mapping language: from YAML files to frozen models. Pure, and quick enough for Airflow to run at every parse.

==================  ================================================================================
``documents``       YAML text as plain data that knows its lines
``schema``          what may stand in a file; ``conditions`` are part of it, ``values`` hold value tables
``loading``         a folder of files → ``catalog.Mappings``, or every problem at once
``invalid``         validation errors in the words of the file's writer
``checking``        files against each other; ``advice`` on what works and looks unintended
``live``            a file against what both systems say of themselves
``evaluation``      conditions over frames: the one module here that imports pandas
``expectations``    what `expect:` names
``json_schema``     for editors
==================  ================================================================================
"""
