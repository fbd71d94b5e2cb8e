/** Read models that say something else than the events, which the self-check of a whole ledger finds while it serves. */
import { afterEach, expect, test } from '@jest/globals';
import { rebuildOffline } from '../../src/read-models/rebuild.js';
import { openReader } from '../../src/store/open-store.js';
import { Ledger } from '../support/ledger.js';
import { viewsFileIn } from '../support/lived-ledger.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { OUTCOME, record, registerProgramme, submit } from '../support/outcomes.js';

let ledger: Ledger;
afterEach(() => ledger.remove());

interface Ready {
  readonly selfCheck: { readonly ok: boolean; readonly sequence: number; readonly fault?: string };
}

const ready = () => ledger.call<Ready>('GET', '/health/ready');
const total = async () => {
  const path = '/v1/totals/since?measure=patients-benefited';
  const { status, headers, body } = await ledger.call<{ total: number }>('GET', path);
  return { status, total: body.total, stale: headers.get('ledger-stale') };
};

/** Alters a figure as someone would who has the key of the file. */
function alterTotal(from: string, to: string): void {
  const views = openDatabase(viewsFileIn(ledger.dataDir), PUBLIC_KEY);
  const before = views.prepare('SELECT state FROM cells').pluck().get() as string;
  const state = before.replaceAll(from, to);
  expect(state).not.toBe(before);
  views.prepare('UPDATE cells SET state = ?').run(state);
  views.close();
}

test('a figure that differs from the events is noticed and named, told as doubtful, and not added to', async () => {
  ledger = await Ledger.start({ LOG_LEVEL: 'silent' });
  await registerProgramme(ledger);
  const { sequence } = await record(ledger, 'asthma-care', OUTCOME);
  expect(await total()).toEqual({ status: 200, total: 1200, stale: null });
  await ledger.stop();
  alterTotal('1200', '1300');
  await ledger.start();

  let answer = await ready();
  while (answer.body.selfCheck.ok) answer = await ready();
  expect([answer.status, answer.headers.get('ledger-stale')]).toEqual([503, 'doubtful']);
  expect(answer.body.selfCheck.fault).toMatch(
    /^the figures of patients-benefited, asthma-care, .* are "1 1300 .*" in the views, but "1 1200 .*" by the events$/,
  );
  expect((await ledger.call('GET', '/health/live')).status).toBe(200);
  expect(await total()).toEqual({ status: 200, total: 1300, stale: 'doubtful' });
  const refused = await submit(ledger, 'asthma-care', [OUTCOME]);
  expect([refused.status, refused.headers.get('ledger-stale')]).toEqual([503, 'doubtful']);

  expect((await ledger.call('POST', '/v1/projections/rebuild', { body: {} })).status).toBe(202);
  do answer = await ready();
  while (!answer.body.selfCheck.ok || answer.body.selfCheck.sequence < sequence);
  expect(answer.status).toBe(200);
  expect(await total()).toEqual({ status: 200, total: 1200, stale: null });
  expect((await submit(ledger, 'asthma-care', [OUTCOME])).status).toBe(201);
});

test('where a figure would be looked up in vain, the ledger does not start, and says what to do', async () => {
  ledger = await Ledger.start({ LOG_LEVEL: 'silent' });
  await registerProgramme(ledger);
  await record(ledger, 'asthma-care', OUTCOME);
  await ledger.stop();
  const views = openDatabase(viewsFileIn(ledger.dataDir), PUBLIC_KEY);
  // The index of cells has none, and is described as if it had all of them.
  views.unsafeMode(true).exec(`
    DROP INDEX cells_by_key;
    CREATE UNIQUE INDEX cells_by_key ON cells (measure, year, programme, organisation, basis, breakdown) WHERE id < 0;
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = substr(sql, 1, instr(sql, ' WHERE') - 1) WHERE name = 'cells_by_key';`);
  views.close();
  await expect(ledger.start()).rejects.toThrow(
    /views-\S+\.db: .* index cells_by_key: .* they are made of the events, so run: ledger rebuild --offline\n$/,
  );
  const reader = await openReader({ dataDir: ledger.dataDir });
  await rebuildOffline(reader, { dataDir: ledger.dataDir, key: PUBLIC_KEY }, () => undefined);
  await reader.close();
  await ledger.start();
  expect(await total()).toEqual({ status: 200, total: 1200, stale: null });
});
