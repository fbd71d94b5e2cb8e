import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { readConfig } from '../../src/config.js';
import { freeBytesAt } from '../../src/store/data-dir.js';
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
  const file = await spool.receive(Readable.from(parts.map((part) => Buffer.from(part))), 'key:a', NEVER);
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
  const received = spool.receive(upload, 'key:a', NEVER);
  upload.destroy();
  await expect(received).rejects.toMatchObject({ code: 'bad-request' });
  expect(kept()).toEqual([]);
});

test('nothing is kept of an upload that stands still', async () => {
  const upload = new PassThrough();
  upload.write('a,b\n');
  await expect(spool.receive(upload, 'key:a', NEVER, { idleMsMax: 10 })).rejects.toThrow(/stood still/);
  expect(upload.destroyed).toBe(true);
  expect(kept()).toEqual([]);
});

test('nothing is kept of an upload during which the ledger stops', async () => {
  const stop = new AbortController();
  const received = spool.receive(new PassThrough(), 'key:a', stop.signal);
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

describe('H3: one caller cannot take the disk from the others', () => {
  const MIB = Buffer.alloc(1024 * 1024);
  const files = (env: NodeJS.ProcessEnv) => new ImportSpool(readConfig({ DATA_DIR: dataDir, ...env }));
  const send = (to: ImportSpool, actor: string, mib: number) =>
    to.receive(Readable.from(Array.from({ length: mib }, () => MIB)), actor, NEVER);

  test('each has a quarter of the room for files, until its files are removed', async () => {
    const small = files({ LEDGER_IMPORTS_MIB: '8' });
    const first = await send(small, 'key:a', 1);
    await expect(send(small, 'key:a', 2)).rejects.toMatchObject({ code: 'overloaded' });
    await expect(send(small, 'key:b', 3)).rejects.toMatchObject({ code: 'too-large' });
    for (const actor of ['key:b', 'key:c', 'key:d']) await send(small, actor, 2);
    const last = await send(small, 'key:a', 1);
    await expect(send(small, 'key:e', 1)).rejects.toMatchObject({ code: 'overloaded' });
    [first, last].forEach((file) => file.remove());
    await send(small, 'key:a', 2);
    expect(kept()).toHaveLength(4);
  });

  test('a file is refused while the reserve of the disk is not free', async () => {
    const free = (await freeBytesAt(dataDir)) / MIB.length;
    const reserve = { LEDGER_DISK_RESERVE_MIB: String(Math.ceil(free) + 1_000) };
    await expect(send(files(reserve), 'key:a', 1)).rejects.toMatchObject({ code: 'store-unavailable' });
    expect(existsSync(join(dataDir, 'imports'))).toBe(false);
  });

  test('a file that never ends is given up, however often a byte of it comes', async () => {
    const upload = new PassThrough();
    const dripping = setInterval(() => upload.write('a'), 5);
    const received = files({ LEDGER_IMPORT_SECONDS: '1' }).receive(upload, 'key:a', NEVER, {
      idleMsMax: 500,
    });
    await expect(received).rejects.toMatchObject({ code: 'too-slow' });
    clearInterval(dripping);
    expect(kept()).toEqual([]);
  });
});
