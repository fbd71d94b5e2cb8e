/**
 * `kill -9` at random moments, again and again, on one ledger under concurrent load. In the end every outcome that
 * was acknowledged is there once and where its receipt says, the figures are those of a fresh fold, and whatever is
 * sent again gets the receipt that it got at first.
 *
 * 25 kills from a seed take half a minute; `KILLS=200` takes more, `KILL_SEED` other moments.
 */
import { afterAll, expect, jest, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SelfCheck } from '../../src/read-models/self-check.js';
import { openViewsForReading } from '../../src/read-models/views-file.js';
import { openReader } from '../../src/store/open-store.js';
import { PUBLIC_KEY } from '../../src/store/database.js';
import { contentOfViews, viewsFileIn, viewsOf } from '../support/lived-ledger.js';

interface Receipt {
  readonly number: number;
  readonly repeated: boolean;
  readonly outcomes: readonly { readonly id: string; readonly sequence: number }[];
}
const { randomFrom } = jest.requireActual<{ randomFrom: (seed: number) => () => number }>('./hammer.js');

const KILLS = Number(process.env['KILLS'] ?? 25);
const SEED = Number(process.env['KILL_SEED'] ?? 2018);
/** Some are killed while they start, the others at work. */
const STARTING_SHARE = 0.2;
const STARTING_MS_MAX = 600;
const WORKING_MS_MAX = 150;

const dataDir = mkdtempSync(join(tmpdir(), 'ledger-kills-'));
afterAll(() => rmSync(dataDir, { recursive: true }));

test(
  `after ${KILLS} kills, from seed ${SEED}, nothing acknowledged is lost, doubled or moved`,
  async () => {
    const random = randomFrom(SEED);
    const receipts = new Map<number, Receipt['outcomes']>();
    for (let run = 0; run < KILLS; run++) {
      for (const { number, repeated, outcomes } of await runAndKill(
        run,
        random() < STARTING_SHARE,
        random(),
      )) {
        const known = receipts.get(number);
        if (known)
          expect({ number, repeated, outcomes }).toEqual({ number, repeated: true, outcomes: known });
        receipts.set(number, outcomes);
      }
      if (run % 10 === 9) await expectConsistent(receipts);
    }
    await expectConsistent(receipts);
    // Else they were killed before they could do anything.
    expect(receipts.size).toBeGreaterThan(5 * KILLS);
  },
  60_000 + KILLS * 5_000,
);

/** What it acknowledged before it was killed. */
async function runAndKill(run: number, isStarting: boolean, share: number): Promise<Receipt[]> {
  const child = spawn(process.execPath, [join(__dirname, 'hammer.js'), dataDir, String(SEED), String(run)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [said, complaints] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const ended = once(child, 'close');
  if (isStarting) await delay(share * STARTING_MS_MAX);
  else {
    await Promise.race([once(child.stdout, 'data'), ended]);
    await delay(share * WORKING_MS_MAX);
  }
  child.kill('SIGKILL');
  await ended;
  expect(complaints).toBe('');
  const lines = said.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Receipt);
}

/** As it is found, without a ledger having been started on it: only the views may be behind. */
async function expectConsistent(receipts: ReadonlyMap<number, Receipt['outcomes']>): Promise<void> {
  const reader = await openReader({ dataDir });
  const events = await reader.readAll(null, 1_000_000);
  const ids = events.flatMap(({ data }) => (data.facts['outcomeId'] as string | undefined) ?? []);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, sequence } of [...receipts.values()].flat()) {
    expect({ sequence, id: events[sequence]?.data.facts['outcomeId'] }).toEqual({ sequence, id });
  }
  const file = viewsFileIn(dataDir);
  const views = openViewsForReading(file, PUBLIC_KEY);
  const { ok, sequence } = await new SelfCheck(reader, views).step();
  expect(ok).toBe(true);
  const acknowledged = Math.max(...[...receipts.values()].flat().map((outcome) => outcome.sequence));
  expect(sequence).toBeGreaterThanOrEqual(acknowledged);
  views.close();
  await reader.close();
  expect(contentOfViews(file)).toEqual(viewsOf(events.slice(0, sequence + 1)));
}
