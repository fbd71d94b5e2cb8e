/** The log over HTTP: what is signed is what was recorded, and every proof leads there. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogEntryView } from '../../src/api/log-entry.views.js';
import type { ConsistencyView } from '../../src/audit/audit.views.js';
import { parseCheckpoint, type Checkpoint } from '../../src/tlog/checkpoint.js';
import {
  consistencyFault,
  Frontier,
  inclusionFault,
  leafHash,
  parseHash,
  parseHashText,
} from '../../src/tlog/merkle.js';
import { makeSignerKey, parseVerifierKey, verifiedSignatures } from '../../src/tlog/note.js';
import { parseProof } from '../../src/tlog/proof.js';
import type { EventsPage } from '../../src/api/event.views.js';
import { Ledger } from '../support/ledger.js';
import { decodeEntries } from '../support/tile-entries.js';

const ORIGIN = 'ledger.example.org/log';
const key = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const outcome = {
  measure: 'patients-benefited',
  quantity: 12,
  effective: { from: '2023-04-01' },
  basis: 'counted',
};

let ledger: Ledger;
beforeAll(async () => {
  ledger = await Ledger.start({ LEDGER_ORIGIN: ORIGIN, LEDGER_CHECKPOINT_SECONDS: '1' });
  await ledger.call('POST', '/v1/programmes', {
    body: { id: 'lipid-management', name: 'Lipids', startedOn: '2020-04-01' },
  });
  await submit(1, 300);
});
afterAll(() => ledger.remove());

/** @returns the sequence of the last one */
async function submit(number: number, outcomes: number): Promise<number> {
  const { body } = await ledger.call<{ sequence: number }>(
    'POST',
    '/v1/programmes/lipid-management/submissions',
    {
      headers: { 'idempotency-key': key(number) },
      body: { outcomes: Array.from({ length: outcomes }, () => outcome) },
    },
  );
  return body.sequence;
}

async function checkpointOf(query = ''): Promise<Checkpoint> {
  const { text } = await ledger.call('GET', `/v1/audit/checkpoint${query}`);
  const { text: keys } = await ledger.call('GET', '/v1/audit/key');
  const checkpoint = parseCheckpoint(text);
  const verifiers = keys.trim().split('\n').map(parseVerifierKey);
  expect(verifiedSignatures(checkpoint.note, verifiers)).toHaveLength(verifiers.length);
  expect(checkpoint.origin).toBe(ORIGIN);
  return checkpoint;
}

async function bytesOf(path: string): Promise<Buffer> {
  const response = await ledger.fetch(path);
  expect([path, response.status]).toEqual([path, 200]);
  expect(response.headers.get('content-type')).toBe('application/octet-stream');
  expect(response.headers.get('cache-control')).toContain('immutable');
  return Buffer.from(await response.arrayBuffer());
}

const lastSequence = async () =>
  Number((await ledger.call('GET', '/v1/measures?limit=1')).headers.get('ledger-sequence'));

test('the entries in the log are the events, and their tree is what the checkpoint signs', async () => {
  const sequence = await lastSequence();
  const { size, root } = await checkpointOf(`?minSequence=${sequence}`);
  expect(Number(size)).toBe(sequence + 1);
  const { body } = await ledger.call<EventsPage>('GET', '/v1/events?limit=1000');
  const partial = Number(size) % 256;
  const bundles = [
    await bytesOf('/v1/audit/tile/entries/000'),
    await bytesOf(`/v1/audit/tile/entries/001.p/${partial}`),
  ];
  const entries = bundles.flatMap(decodeEntries);
  expect(entries.map((entry) => (JSON.parse(String(entry)) as { id: string }).id)).toEqual(
    body.events.map(({ id }) => id),
  );
  const frontier = new Frontier();
  entries.forEach((entry) => frontier.append(leafHash(entry)));
  expect(frontier.root()).toEqual(root);

  const tiles = [await bytesOf('/v1/audit/tile/0/000'), await bytesOf(`/v1/audit/tile/0/001.p/${partial}`)];
  expect(Buffer.concat(tiles)).toEqual(Buffer.concat(entries.map((entry) => leafHash(entry))));
  const ofHashes = new Frontier();
  ofHashes.append(parseHash(await bytesOf('/v1/audit/tile/1/000.p/1')), 8);
  for (let at = 0; at < partial; at++) ofHashes.append(parseHash(tiles[1]!.subarray(at * 32, at * 32 + 32)));
  expect(ofHashes.root()).toEqual(root);
});

test.each(['0/002', '0/001', '1/000', '2/000.p/1', 'entries/001', '0/1', 'x/000', '0/000/extra', '0/x'])(
  'there is no tile at %s',
  async (path) => {
    const { status, body } = await ledger.call<{ type: string }>('GET', `/v1/audit/tile/${path}`);
    expect([status, body.type]).toEqual([404, 'urn:outcome-ledger:problem:not-found']);
  },
);

describe('the proof of an event', () => {
  test('leads from its entry to a signed checkpoint, by its id and by its sequence', async () => {
    const { body: page } = await ledger.call<EventsPage>('GET', '/v1/events?after=99&limit=1');
    const { id } = page.events[0]!;
    const { body } = await ledger.call<LogEntryView>('GET', `/v1/audit/events/${id}/proof`);
    expect((await ledger.call('GET', '/v1/audit/events/100/proof')).body).toEqual(body);
    const { inclusionProof, canonicalizedBody } = body;
    const { envelope } = inclusionProof.checkpoint!;
    const { root, size } = parseCheckpoint(envelope);
    expect([inclusionProof.treeSize, inclusionProof.logIndex]).toEqual([String(size), '100']);
    expect(inclusionProof.rootHash).toBe(root.toString('base64'));
    const entry = Buffer.from(canonicalizedBody, 'base64');
    expect(JSON.parse(String(entry))).toMatchObject({ id });
    const proof = inclusionProof.hashes.map(parseHashText);
    expect(inclusionFault({ index: 100, size, leaf: leafHash(entry), proof, root })).toBeNull();
    const { text } = await ledger.call('GET', `/v1/audit/events/${id}/tlog-proof`);
    expect(parseProof(text)).toMatchObject({ index: 100n, hashes: proof });
  });

  test('in a tree of any size that contains it leads to that tree’s root', async () => {
    const path = '/v1/audit/events/5/proof?treeSize=7';
    const { body, headers } = await ledger.call<LogEntryView>('GET', path);
    // The key that it names may be changed.
    expect(headers.get('cache-control')).toBe('no-cache');
    const { hashes, rootHash } = body.inclusionProof;
    const leaf = leafHash(Buffer.from(body.canonicalizedBody, 'base64'));
    const claim = {
      index: 5,
      size: 7,
      leaf,
      proof: hashes.map(parseHashText),
      root: parseHashText(rootHash),
    };
    expect(inclusionFault(claim)).toBeNull();
  });

  test.each([
    ['/events/999999/proof', 404],
    [`/events/${key(9)}/proof`, 404],
    ['/events/x/proof', 404],
    ['/events/5/proof?treeSize=5', 400],
    ['/events/5/proof?treeSize=999999', 400],
    ['/events/5/proof?treeSize=0', 400],
    ['/consistency?from=7&to=5', 400],
    ['/consistency?from=7&to=999999', 400],
    ['/consistency', 400],
  ])('%s is answered with %i', async (path, status) => {
    const answer = await ledger.call('GET', `/v1/audit${path}`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('cache-control') ?? '').not.toContain('immutable');
  });
});

test('a checkpoint is the continuation of every earlier one', async () => {
  const earlier = await checkpointOf();
  const sequence = await submit(2, 10);
  const later = await checkpointOf(`?minSequence=${sequence}`);
  expect(later.size).toBe(BigInt(sequence + 1));
  const { body } = await ledger.call<ConsistencyView>('GET', `/v1/audit/consistency?from=${earlier.size}`);
  expect(BigInt(body.to)).toBe(later.size);
  const claim = { earlier: earlier.size, later: later.size, proof: body.hashes.map(parseHashText) };
  expect(consistencyFault({ ...claim, earlierRoot: earlier.root, laterRoot: later.root })).toBeNull();
});

test('a submission that waits for a checkpoint gets the proof of each outcome, and so does its retry', async () => {
  const send = () =>
    ledger.call<{ sequence: number; proofs: LogEntryView[] }>(
      'POST',
      '/v1/programmes/lipid-management/submissions?wait=checkpoint',
      { headers: { 'idempotency-key': key(7) }, body: { outcomes: [outcome, outcome, outcome] } },
    );
  for (const status of [201, 200]) {
    const { status: is, body } = await send();
    expect(is).toBe(status);
    expect(body.proofs.map(({ logIndex }) => Number(logIndex))).toEqual(
      [2, 1, 0].map((before) => body.sequence - before),
    );
    for (const { canonicalizedBody, inclusionProof } of body.proofs) {
      const { origin, size, root } = parseCheckpoint(inclusionProof.checkpoint!.envelope);
      const leaf = leafHash(Buffer.from(canonicalizedBody, 'base64'));
      const proof = inclusionProof.hashes.map(parseHashText);
      const index = BigInt(inclusionProof.logIndex);
      expect([origin, inclusionFault({ index, size, leaf, proof, root })]).toEqual([ORIGIN, null]);
    }
  }
  const without = await ledger.call<object>('POST', '/v1/programmes/lipid-management/submissions', {
    headers: { 'idempotency-key': key(7) },
    body: { outcomes: [outcome, outcome, outcome] },
  });
  expect(without.body).not.toHaveProperty('proofs');
});

test('what is signed may be kept for ever, and what is not yet may not be kept', async () => {
  const slow = await Ledger.start({ LEDGER_CHECKPOINT_SECONDS: '3600' });
  const cachingOf = async (path: string) =>
    (await slow.fetch(`/v1/audit/${path}`)).headers.get('cache-control');
  await slow.call('GET', '/v1/audit/checkpoint');
  const { headers } = await slow.call('POST', '/v1/programmes', {
    body: { id: 'lipid-management', name: 'Lipids', startedOn: '2020-04-01' },
  });
  const size = Number(headers.get('ledger-sequence')) + 1;
  const asked = [`consistency?from=1&to=${size}`, `tile/0/000.p/${size}`, `tile/entries/000.p/${size}`];
  for (const path of asked) expect([path, await cachingOf(path)]).toEqual([path, 'no-store']);
  await slow.call('GET', `/v1/audit/checkpoint?minSequence=${size - 1}`);
  for (const path of asked) expect(await cachingOf(path)).toContain('immutable');
  await slow.remove();
});

test('checkpoints are signed by themselves as the ledger grows', async () => {
  const sequence = await submit(3, 1);
  for (let size = 0n; size <= sequence;) ({ size } = await checkpointOf());
});

describe('after a restart', () => {
  const saved = mkdtempSync(join(tmpdir(), 'ledger-saved-'));
  const inSigning = (name: string) => join(ledger.dataDir, 'signing', name);
  beforeAll(async () => {
    await ledger.stop();
    cpSync(ledger.dataDir, saved, { recursive: true });
    await ledger.start();
  });
  afterAll(() => rmSync(saved, { recursive: true }));

  test('the key is the same, readable by its owner only, and checkpoints go on from the last head', async () => {
    expect(statSync(inSigning('log.key')).mode & 0o777).toBe(0o600);
    const head = readFileSync(inSigning('head'), 'utf8');
    expect((await ledger.call('GET', '/v1/audit/checkpoint')).text).toBe(head);
    await checkpointOf(`?minSequence=${await submit(4, 5)}`);
  });

  test('a second key signs beside the first', async () => {
    await ledger.stop();
    const file = inSigning('log.key');
    writeFileSync(file, readFileSync(file, 'utf8') + makeSignerKey(ORIGIN, 'log'));
    await ledger.start();
    const { note } = await checkpointOf(`?minSequence=${await submit(5, 1)}`);
    expect(note.signatures).toHaveLength(2);
  });

  test('a store from before the last head is not served', async () => {
    await ledger.stop();
    const head = readFileSync(inSigning('head'), 'utf8');
    for (const name of ['events.db', 'views']) {
      rmSync(join(ledger.dataDir, name), { recursive: true });
      cpSync(join(saved, name), join(ledger.dataDir, name), { recursive: true });
    }
    for (const name of ['events.db-wal', 'events.db-shm'])
      if (existsSync(join(ledger.dataDir, name))) rmSync(join(ledger.dataDir, name));
    await expect(ledger.start()).rejects.toThrow(/a checkpoint of \d+ events was signed, but there are \d+/);
    expect(readFileSync(inSigning('head'), 'utf8')).toBe(head);
  });

  test('nor is one whose key was replaced', async () => {
    writeFileSync(inSigning('log.key'), makeSignerKey(ORIGIN, 'log'));
    await expect(ledger.start()).rejects.toThrow(/was not signed with a key of/);
    rmSync(inSigning('log.key'));
    await expect(ledger.start()).rejects.toThrow(/signed with a key that is gone/);
  });
});
