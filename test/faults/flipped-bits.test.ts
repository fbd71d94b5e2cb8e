/**
 * One flipped bit anywhere in what a ledger keeps on disk is found, and named; or it changes nothing that anyone is
 * told. Bits are flipped in copies of a real ledger's files, in what describes a file and in all the rest, at random
 * from a seed.
 *
 * Some hundreds are taken, in half a minute; `FLIPS=20000` takes more, `FLIP_SEED` others.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type Database from 'better-sqlite3-multiple-ciphers';
import fc from 'fast-check';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SigningFiles } from '../../src/audit/signing-files.js';
import { encodeVerifierKey } from '../../src/tlog/note.js';
import { adminKeyFile, findAdminKey } from '../../src/access/admin-key.js';
import { SelfCheck } from '../../src/read-models/self-check.js';
import { openViewsForReading, viewsVersionOf } from '../../src/read-models/views-file.js';
import { StoreDamaged, type RecordedEvent } from '../../src/store/event-store.js';
import { openReader } from '../../src/store/open-store.js';
import { eventsFile, SqliteStore } from '../../src/store/sqlite/store.js';
import { damageInWal, walOf } from '../../src/store/wal-damage.js';
import { refusal } from '../contracts/store-fixture.js';
import { AuditedLedger, headIn } from '../support/audited-ledger.js';
import { history } from '../support/histories.js';
import { bitsOf, flip, FLIPS, randomBits, SEED, someOf, TEST_MS_MAX } from '../support/flips.js';
import { contentOfViews, LivedLedger, viewsFileIn } from '../support/lived-ledger.js';
import { longHistory } from '../support/long-history.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { VIEWS_VERSION } from '../../src/read-models/layout.js';
import { newEvents, streamNamed } from '../support/new-events.js';

const dir = mkdtempSync(join(tmpdir(), 'ledger-flips-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('in the files of a ledger', () => {
  let events: readonly RecordedEvent[];
  let streams: readonly string[];
  /** All of it, and each stream, as it is read. */
  let whole: string;
  let dataDir: string;
  let views: string;

  beforeAll(async () => {
    // Long enough for interior pages, and for a node of the log.
    const steps = fc.sample(history, { numRuns: 15, seed: SEED }).flatMap((one) => one.steps);
    const lived = await LivedLedger.of({ steps, clockMs: [1_000, -7_000, 20_000] });
    await lived.stop();
    ({ events, dataDir } = lived);
    views = viewsFileIn(dataDir);
    streams = [...new Set(events.map(({ stream }) => stream))];
    const ofStream = (name: string) => events.filter(({ stream }) => stream === name);
    whole = JSON.stringify({
      all: events,
      ...Object.fromEntries(streams.map((name) => [name, ofStream(name)])),
    });
  }, TEST_MS_MAX);
  afterAll(() => rmSync(dataDir, { recursive: true }));

  test('the ledger is large enough to have all kinds of pages', () => {
    expect(events.length).toBeGreaterThan(300);
    const pagesOf = (file: string) => {
      const db = openDatabase(file, PUBLIC_KEY, { readonly: true });
      const kinds = db
        .prepare("SELECT DISTINCT pagetype FROM dbstat WHERE pagetype <> 'overflow'")
        .pluck()
        .all();
      db.close();
      return kinds.sort();
    };
    expect([pagesOf(eventsFile(dataDir)), pagesOf(views)]).toEqual([
      ['internal', 'leaf'],
      ['internal', 'leaf'],
    ]);
  });

  test(
    'events.db: every record is as it was, or the store says that it is damaged',
    async () => {
      const file = eventsFile(dataDir);
      const content = readFileSync(file);
      const bits = [...someOf(bitsOf(0, 100)), ...randomBits(content.length, FLIPS / 3)];
      let found = 0;
      try {
        for (const bit of bits) {
          writeFileSync(file, flip(content, bit));
          if (await differsOrSaysSo(bit)) found++;
        }
      } finally {
        writeFileSync(file, content);
      }
      // Else most bits would have fallen where nothing is written.
      expect(found).toBeGreaterThan(bits.length / 4);
    },
    TEST_MS_MAX,
  );

  /** Whether the store says that it is damaged; if it does not, all of it is read as it was. */
  async function differsOrSaysSo(bit: number): Promise<boolean> {
    let reader;
    try {
      reader = await openReader({ dataDir });
      const read: Record<string, readonly RecordedEvent[]> = { all: await reader.readAll(null, 100_000) };
      for (const stream of streams) read[stream] = await reader.readStream(streamNamed(stream));
      // A text is compared in no time; what differs is then shown.
      if (JSON.stringify(read) !== whole)
        expect({ bit, read }).toEqual({ bit, read: JSON.parse(whole) as unknown });
      return false;
    } catch (error) {
      if (!(error instanceof StoreDamaged)) throw error;
      expect(error.message).toMatch(/events\.db|position \d+ of /);
      return true;
    } finally {
      await reader?.close();
    }
  }

  test(
    'read models: every row is as it was, or the self-check says where it is not',
    async () => {
      const content = readFileSync(views);
      const rows = JSON.stringify(contentOfViews(views));
      const bits = [...someOf(bitsOf(0, 100)), ...randomBits(content.length, FLIPS / 3)];
      let found = 0;
      try {
        for (const bit of bits) {
          writeFileSync(views, flip(content, bit));
          const fault = await faultOfViews();
          if (fault !== null) found++;
          else
            expect({ bit, same: JSON.stringify(contentOfViews(views)) === rows }).toEqual({
              bit,
              same: true,
            });
        }
      } finally {
        writeFileSync(views, content);
      }
      expect(found).toBeGreaterThan(bits.length / 4);
    },
    TEST_MS_MAX,
  );

  /** What keeps them from being opened, or what the self-check says of them. */
  async function faultOfViews(): Promise<string | null> {
    let db: Database.Database | undefined;
    const reader = await openReader({ dataDir });
    try {
      db = openViewsForReading(views, PUBLIC_KEY);
      if (viewsVersionOf(db) !== VIEWS_VERSION) return 'they are of another version, and built anew';
      return (await new SelfCheck(reader, db).step()).fault ?? null;
    } catch (error) {
      return (error as Error).message;
    } finally {
      db?.close();
      await reader.close();
    }
  }
});

describe('in the log of a store that was killed', () => {
  const A = streamNamed('programme-lipid-management');
  let killed: string;
  let wal: Buffer;
  let frameBytes: number;

  beforeAll(async () => {
    const running = mkdtempSync(join(dir, 'running-'));
    killed = mkdtempSync(join(dir, 'killed-'));
    const store = await SqliteStore.open(running);
    for (let revision = 0; revision < 12; revision++)
      await store.append(
        A,
        revision === 0 ? 'no-stream' : revision - 1,
        newEvents(A, revision, ['x'.repeat(2_000)]),
      );
    // As a power cut would leave them: nothing is written back.
    for (const file of ['events.db', 'events.db-wal']) copyFileSync(join(running, file), join(killed, file));
    await store.close();
    wal = readFileSync(walOf(eventsFile(killed)));
    frameBytes = 24 + wal.readUInt32BE(8);
  });

  const damageIn = (content: Buffer) => {
    writeFileSync(walOf(eventsFile(killed)), content);
    return damageInWal(eventsFile(killed), { isSynced: true });
  };

  test('one that is whole is good, and all of it is read', async () => {
    expect(damageIn(wal)).toBeNull();
    const copy = mkdtempSync(join(dir, 'whole-'));
    cpSync(killed, copy, { recursive: true });
    const store = await SqliteStore.open(copy);
    expect(await store.readStream(A)).toHaveLength(12);
    await store.close();
  });

  test(
    'a flipped bit is found wherever it is',
    () => {
      const frames = (wal.length - 32) / frameBytes;
      const headers = Array.from({ length: frames }, (_, frame) => 32 + frame * frameBytes).flatMap((at) =>
        fc.sample(fc.constantFrom(...bitsOf(at, at + 24)), { numRuns: 6, seed: SEED + at }),
      );
      for (const bit of [...bitsOf(0, 32), ...headers, ...randomBits(wal.length, FLIPS / 10)]) {
        expect({ bit, damage: damageIn(flip(wal, bit)) }).toEqual({
          bit,
          damage: expect.stringMatching(/events\.db-wal: (its header|frame \d+) /) as unknown,
        });
      }
    },
    TEST_MS_MAX,
  );

  test('more than a bit is found where a later transaction follows', () => {
    const zeroed = Buffer.from(wal).fill(0, 32 + 2 * frameBytes, 32 + 3 * frameBytes);
    expect(damageIn(zeroed)).toContain('frame 2 fails its checksum, but later transactions follow on it');
  });

  test('what a crash leaves of the last transaction is no damage', () => {
    expect(damageIn(wal.subarray(0, wal.length - 100))).toBeNull();
    expect(damageIn(Buffer.from(wal).fill(0, wal.length - frameBytes))).toBeNull();
    expect(damageIn(Buffer.alloc(wal.length))).toBeNull();
    expect(damageIn(Buffer.alloc(0))).toBeNull();
  });

  test('a store whose log has one is not opened, and its files stay as they are', async () => {
    const flipped = flip(wal, 8 * (32 + 5 * frameBytes + 2_000));
    writeFileSync(walOf(eventsFile(killed)), flipped);
    const error = await refusal(SqliteStore.open(killed));
    expect(error).toBeInstanceOf(StoreDamaged);
    expect((error as Error).message).toContain('frame 5 has a flipped bit');
    expect(readFileSync(walOf(eventsFile(killed)))).toEqual(flipped);
  });
});

describe('in the admin key', () => {
  const home = mkdtempSync(join(dir, 'admin-'));
  const file = adminKeyFile(home);
  let key: string;
  beforeAll(async () => ({ key } = await findAdminKey(home, undefined)));

  test.each([file, `${file}.sha256`])('a flipped bit of %s keeps the ledger from starting', async (name) => {
    const whole = readFileSync(name);
    for (const bit of bitsOf(0, whole.length)) {
      writeFileSync(name, flip(whole, bit));
      await expect(findAdminKey(home, undefined)).rejects.toThrow(
        `${file} does not match its hash in ${file}.sha256`,
      );
    }
    writeFileSync(name, whole);
    expect(await findAdminKey(home, undefined)).toEqual({ key, made: false });
  });

  test('one that was put there is known from then on, and one that is removed is made anew', async () => {
    const [own, other] = ['x'.repeat(40), 'y'.repeat(40)];
    rmSync(`${file}.sha256`);
    writeFileSync(file, own);
    expect(await findAdminKey(home, undefined)).toEqual({ key: own, made: false });
    writeFileSync(file, other);
    await expect(findAdminKey(home, undefined)).rejects.toThrow('one of them was altered');
    rmSync(file);
    const made = await findAdminKey(home, undefined);
    expect(made).toEqual({ key: expect.stringMatching(/^[\w-]{43}$/), made: true });
    expect(await findAdminKey(home, undefined)).toEqual({ key: made.key, made: false });
  });
});

describe('in what the signer keeps', () => {
  test('a signing key signs as before, or is none', () => {
    const signing = mkdtempSync(join(dir, 'signing-'));
    const origin = 'ledger.example.org/log';
    const files = new SigningFiles(signing);
    const keys = () => files.keys(origin).map(({ verifier }) => encodeVerifierKey(verifier));
    const known = keys();
    const whole = readFileSync(files.keyFile);
    for (const bit of bitsOf(0, whole.length)) {
      writeFileSync(files.keyFile, flip(whole, bit));
      let found: readonly string[];
      try {
        found = keys();
      } catch (error) {
        expect((error as Error).message).toContain(files.keyFile);
        continue;
      }
      expect({ bit, found }).toEqual({ bit, found: known });
    }
  });

  test('a checkpoint that was signed is read as it was, or the ledger does not start', async () => {
    const lived = await LivedLedger.of(longHistory(10));
    const text = await new AuditedLedger(lived).checkpoint();
    const file = headIn(lived.dataDir);
    const whole = readFileSync(file);
    for (const bit of someOf(bitsOf(0, whole.length))) {
      writeFileSync(file, flip(whole, bit));
      const { signer } = new AuditedLedger(lived);
      try {
        signer.start();
        expect({ bit, text: (await signer.current()).text }).toEqual({ bit, text });
      } catch (error) {
        expect((error as Error).message).toMatch(/checkpoint|signed|note|signature|head/i);
      } finally {
        signer.beforeApplicationShutdown();
      }
    }
    await lived.remove();
  });
});
