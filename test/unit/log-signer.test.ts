/** What is signed outlasts the signer: nobody else signs beside it, and nothing contradicts it unnoticed. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { appendFileSync, chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text as textIn } from 'node:stream/consumers';
import { parseCheckpoint } from '../../src/tlog/checkpoint.js';
import { LogSigner } from '../../src/audit/log-signer.js';
import { TransparencyLog } from '../../src/audit/log.js';
import { encodeVerifierKey, makeSignerKey, parseSignerKey, signatureLine } from '../../src/tlog/note.js';
import { organisationDecider } from '../../src/domain/organisation.js';
import { readConfig } from '../../src/config.js';
import { organisationStream, type OrganisationId } from '../../src/kernel/ids.js';
import { NotProjected } from '../../src/read-models/read-models.js';
import { DataDirInUse } from '../../src/store/data-dir.js';
import { Clock } from '../../src/kernel/clock.js';
import { runDecider } from '../../src/store/run-decider.js';
import { AuditedLedger, headIn, keyIn, ORIGIN, textOf } from '../support/audited-ledger.js';
import { LivedLedger } from '../support/lived-ledger.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { longHistory } from '../support/long-history.js';

let lived: LivedLedger;
let ledger: AuditedLedger;
beforeEach(async () => {
  lived = await LivedLedger.of(longHistory(10));
  ledger = new AuditedLedger(lived);
  await ledger.checkpoint();
});
afterEach(async () => {
  ledger.signer.beforeApplicationShutdown();
  await lived.remove();
});

/** @returns how many events there are then */
async function grow(): Promise<number> {
  const organisationId = 'new-network' as OrganisationId;
  await runDecider({ store: lived.store, clock: new Clock() }, organisationDecider, {
    stream: organisationStream(organisationId),
    command: { kind: 'register-organisation', organisationId, name: 'New network' },
    provenance: {
      actor: 'tests',
      role: 'admin',
      correlationId: '7c0b9a52-1f3d-4b9c-8d6e-0a1b2c3d4e5f',
      source: 'api',
    },
  });
  await lived.readModels.reach(lived.events.length);
  return lived.events.length + 1;
}

test('of two signers in one directory only the first starts', () => {
  ledger.signer.start();
  const second = new AuditedLedger(lived);
  expect(() => second.signer.start()).toThrow(DataDirInUse);
  expect(() => second.signer.start()).toThrow(/LEDGER_SIGNING_DIR/);
  ledger.signer.beforeApplicationShutdown();
  second.signer.start();
  second.signer.beforeApplicationShutdown();
});

test('a head that another wrote meanwhile is not overwritten', async () => {
  ledger.signer.start();
  const size = await grow();
  writeFileSync(headIn(lived.dataDir), 'another\n');
  await expect(ledger.signer.covering(size)).rejects.toThrow(/was changed by another process/);
  expect(textOf(headIn(lived.dataDir))).toBe('another\n');
});

test('a head that was spoilt keeps the ledger from starting, and is named', () => {
  appendFileSync(headIn(lived.dataDir), '\n');
  const says = `${headIn(lived.dataDir)} is no checkpoint: `;
  expect(() => new AuditedLedger(lived).signer.start()).toThrow(says);
});

test('a key that was added signs what is there, without a new event', async () => {
  appendFileSync(keyIn(lived.dataDir), `${makeSignerKey(ORIGIN, 'log')}\n`);
  const { text } = await ledger.signer.current();
  const next = new AuditedLedger(lived);
  next.signer.start();
  const { text: signedAnew } = await next.signer.current();
  next.signer.beforeApplicationShutdown();
  const [before, after] = [parseCheckpoint(text), parseCheckpoint(signedAnew)];
  expect([before.note.signatures.length, after.note.signatures.length]).toEqual([1, 2]);
  expect(after.note.text).toBe(before.note.text);
});

test('a log whose hashes do not lead to its root is not signed nor ready, and takes nothing more', async () => {
  ledger.signer.start();
  await ledger.signer.signDue();
  expect(lived.readModels.selfCheck.ok).toBe(true);
  const views = openDatabase(lived.viewsFile, PUBLIC_KEY);
  views.exec('UPDATE events SET leaf = zeroblob(32) WHERE sequence = 5');
  views.close();
  await grow();
  await ledger.signer.signDue();
  expect(lived.readModels.selfCheck).toMatchObject({
    ok: false,
    fault: expect.stringMatching(/do not lead to its root/) as unknown,
  });
  expect(() => lived.readModels.refuseIfStopped()).toThrow(NotProjected);
});

test('C1: of a witness’s answer only its own signature that holds is kept, whatever else it says', async () => {
  const witness = parseSignerKey(makeSignerKey('witness.example', 'witness'));
  const server = createServer((request, response) => {
    void textIn(request).then((body) => {
      const { note } = parseCheckpoint(body.slice(body.indexOf('\n\n') + 2));
      const junk = `— witness.example ${Buffer.alloc(76, 7).toString('base64')}\n`;
      response.end(junk.repeat(98) + signatureLine(note.text, witness, 1_700_000_000));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const known = `${encodeVerifierKey(witness.verifier)} http://127.0.0.1:${port}\n`;
  const witnesses = join(lived.dataDir, 'witnesses');
  writeFileSync(witnesses, known);
  const watched = new AuditedLedger(lived, { LEDGER_WITNESSES: witnesses });
  watched.signer.start();
  const { text } = await watched.signer.covering(await grow());
  expect(parseCheckpoint(text).note.signatures.map(({ name }) => name)).toEqual([ORIGIN, 'witness.example']);
  watched.signer.beforeApplicationShutdown();
  server.close();
  expect(() => new AuditedLedger(lived).signer.start()).not.toThrow();
});

test('a replica makes up no name of its own', () => {
  const env = { DATA_DIR: join(lived.dataDir, 'replica'), EVENT_STORE_URL: 'esdb://localhost?tls=false' };
  const log = new TransparencyLog(lived.readModels, lived.store);
  const signerOf = (more: NodeJS.ProcessEnv) => {
    const signer = new LogSigner(readConfig({ ...env, ...more }), lived.readModels, log);
    signer.onModuleInit();
    return signer;
  };
  expect(() => signerOf({})).toThrow(/LEDGER_ORIGIN must be set/);
  expect(signerOf({ LEDGER_ORIGIN: ORIGIN }).origin).toBe(ORIGIN);
  // It has its name from the key from then on.
  expect(signerOf({}).origin).toBe(ORIGIN);
});

test('the key is its owner’s alone, and nothing half-written is left beside it', () => {
  const file = keyIn(lived.dataDir);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(lived.dataDir, 'signing')).sort()).toEqual(['head', 'log.key']);
  chmodSync(file, 0o640);
  expect(() => new AuditedLedger(lived)).toThrow(/has the mode 640.*chmod 600/);
});
