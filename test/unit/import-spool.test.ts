import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { readConfig } from '../../src/config.js';
import { ImportSpool } from '../../src/submissions/import-spool.js';

const NEVER = new AbortController().signal;
let dataDir: string;
let spool: ImportSpool;
const kept = () => readdirSync(join(dataDir, 'imports'));

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'spool-'));
  spool = new ImportSpool(readConfig({ DATA_DIR: dataDir }));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

test('an upload is kept as it came until it is removed, and can be read more than once', async () => {
  const parts = ['a,b\n', 'c,', 'd\n'];
  const file = await spool.receive(Readable.from(parts.map((part) => Buffer.from(part))), NEVER);
  expect(file.sha256).toBe(createHash('sha256').update(parts.join('')).digest('hex'));
  for (let time = 0; time < 2; time++) {
    const read: Buffer[] = [];
    for await (const piece of file.read()) read.push(piece);
    expect(Buffer.concat(read).toString()).toBe(parts.join(''));
  }
  file.remove();
  expect(kept()).toEqual([]);
});

test('nothing is kept of an upload that breaks off', async () => {
  const upload = new PassThrough();
  upload.write('a,b\n');
  const received = spool.receive(upload, NEVER);
  upload.destroy();
  await expect(received).rejects.toMatchObject({ code: 'bad-request' });
  expect(kept()).toEqual([]);
});

test('nothing is kept of an upload that stands still', async () => {
  const upload = new PassThrough();
  upload.write('a,b\n');
  await expect(spool.receive(upload, NEVER, { idleMsMax: 10 })).rejects.toThrow(/stood still/);
  expect(upload.destroyed).toBe(true);
  expect(kept()).toEqual([]);
});

test('nothing is kept of an upload during which the ledger stops', async () => {
  const stop = new AbortController();
  const received = spool.receive(new PassThrough(), stop.signal);
  stop.abort();
  await expect(received).rejects.toMatchObject({ code: 'store-unavailable' });
  expect(kept()).toEqual([]);
});

test('files that a killed process left are removed at the start', () => {
  mkdirSync(join(dataDir, 'imports'));
  writeFileSync(join(dataDir, 'imports', 'left'), 'a,b\n');
  spool.onModuleInit();
  expect(existsSync(join(dataDir, 'imports'))).toBe(false);
});
