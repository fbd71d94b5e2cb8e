/**
 * An event that a view cannot take: the projection stops in front of it and says which it is, what stood before is
 * served and marked as such, nothing more is recorded, and a version that can take it goes on from there.
 */
import { afterEach, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Ledger } from '../support/ledger.js';
import { viewsFileIn } from '../support/lived-ledger.js';
import { correct, OUTCOME, record, registerProgramme, submit } from '../support/outcomes.js';

let ledger: Ledger;
afterEach(() => ledger.remove());

const POISON = { ...OUTCOME, quantity: 666 };
const HOOK = `--require ${join(__dirname, 'break-view.js')}`;

const total = async () => {
  const path = '/v1/totals/since?measure=patients-benefited';
  const { status, headers, body } = await ledger.call<{ total: number }>('GET', path);
  return { status, total: body.total, stale: headers.get('ledger-stale') };
};

test.each([
  ['a view that throws', { BROKEN_AT: '666' }, 'the view has a bug'],
  ['an event of a later version', { UNKNOWN_SCHEMA: 'outcome-corrected@2' }, 'does not know'],
])(
  '%s stops the figures there, and a fix goes on from there',
  async (_what, fault: Record<string, string>, says) => {
    const settings: NodeJS.ProcessEnv = { LOG_LEVEL: 'silent', NODE_OPTIONS: HOOK, ...fault };
    ledger = await Ledger.start(settings);
    await registerProgramme(ledger);
    const { outcomes } = await record(ledger, 'asthma-care', OUTCOME);
    const views = viewsFileIn(ledger.dataDir);
    const { ino } = statSync(views);
    expect(await total()).toEqual({ status: 200, total: 1200, stale: null });

    const key = randomUUID();
    const poison = async () =>
      fault['BROKEN_AT']
        ? (await submit(ledger, 'asthma-care', [POISON], key)).status
        : (await correct(ledger, outcomes[0]!.id, 0, { ...POISON, reason: 'recount' })).status;
    expect(await poison()).toBe(503);
    for (const _time of ['as it stops', 'after a restart']) {
      const { status, text, headers } = await ledger.call('GET', '/health/ready');
      const next = outcomes[0]!.sequence + 1;
      expect([status, headers.get('ledger-stale')]).toEqual([503, 'stopped']);
      expect(text).toMatch(
        new RegExp(`projection stopped at sequence ${next}, event [0-9a-f-]{36} .*${says}`),
      );
      expect(await total()).toEqual({ status: 200, total: 1200, stale: 'stopped' });
      const another = await submit(ledger, 'asthma-care', [OUTCOME]);
      expect([another.status, another.headers.get('ledger-stale')]).toEqual([503, 'stopped']);
      expect(await ledger.stop()).toBe(0);
      await ledger.start();
    }

    await ledger.stop();
    for (const name of Object.keys(fault)) settings[name] = '';
    await ledger.start();
    expect(await total()).toEqual({ status: 200, total: fault['BROKEN_AT'] ? 1866 : 666, stale: null });
    expect(await poison()).toBe(200);
    expect([viewsFileIn(ledger.dataDir), statSync(views).ino]).toEqual([views, ino]);
  },
);
