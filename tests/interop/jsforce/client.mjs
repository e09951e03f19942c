// Runs commands of jsforce as it comes from the registry: `node client.mjs ORDER ANSWER`.
// ORDER is a JSON file {login: {loginUrl, clientId, clientSecret}, command, ...}, ANSWER the JSON file to be written.

import { readFile, writeFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import jsforce from 'jsforce';

const MANY = { allowRecursive: true };

const commands = {
  look: async (connection, { object }) => ({
    identity: await connection.identity(),
    objects: await connection.describeGlobal(),
    object: await connection.describe(object),
    limits: await connection.limits(),
    usage: connection.limitInfo,
  }),
  query: (connection, { soql, scanAll }) =>
    connection.query(soql, { autoFetch: true, maxFetch: 1_000_000, scanAll }),
  bulkQuery: async (connection, { soql, scanAll }) =>
    (await connection.bulk2.query(soql, { scanAll })).toArray(),
  retrieve: (connection, { object, ids, fields }) => connection.retrieve(object, ids, { fields }),
  insert: (connection, { object, records }) => connection.insert(object, records, MANY),
  update: (connection, { object, records }) => connection.update(object, records, MANY),
  upsert: (connection, { object, records, key }) => connection.upsert(object, records, key, MANY),
  remove: (connection, { object, ids }) => connection.destroy(object, ids, MANY),
  load: (connection, { object, records, operation, key }) =>
    connection.bulk2.loadAndWaitForResults({
      object,
      operation,
      ...(key && { externalIdFieldName: key }),
      input: records,
      pollTimeout: 120_000,
    }),
};

const [orderFile, answerFile] = process.argv.slice(2);
const order = JSON.parse(await readFile(orderFile, 'utf8'));
const connection = new jsforce.Connection({ loginUrl: order.login.loginUrl, oauth2: order.login });
await connection.authorize({ grant_type: 'client_credentials' });
const started = performance.now();
const result = await commands[order.command](connection, order);
const seconds = (performance.now() - started) / 1000;
await writeFile(answerFile, JSON.stringify({ result, seconds }));
