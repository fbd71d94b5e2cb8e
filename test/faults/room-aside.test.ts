/** What compares history makes read models aside: where there is no room for them it says so, and what to do. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { runCommand } from '../support/command.js';
import { FaultyMachine } from '../support/faulty-machine.js';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, record, registerProgramme } from '../support/outcomes.js';
import { allNeedTool, hasTool } from '../support/tools.js';

let machine: FaultyMachine | undefined;
let ledger: Ledger;
beforeAll(async () => {
  if (hasTool('gcc')) machine = new FaultyMachine('/views.db');
  ledger = await Ledger.start();
  await registerProgramme(ledger);
  await record(ledger, 'asthma-care', OUTCOME);
});
afterAll(async () => {
  machine?.remove();
  await ledger.remove();
});

const COMMANDS = ['verify --live', 'replay'];

/** Nothing was compared, which is no difference. */
async function expectNoRoom(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { code, stdout, stderr } = await runCommand(args, { DATA_DIR: ledger.dataDir, ...env });
  expect([code, stdout + stderr]).toEqual([2, expect.stringContaining(' has no room for ')]);
  expect(stdout + stderr).toContain('TMPDIR');
}

allNeedTool('gcc').each(COMMANDS)('%s', (command) => {
  test('on a full disk asks for another directory', async () => {
    machine!.fail({ what: 'writes', error: 'ENOSPC', passing: 0, failing: Number.MAX_SAFE_INTEGER });
    await expectNoRoom(command.split(' '), machine!.env);
    expect(machine!.heal().failed).toBeGreaterThan(0);
  });
});

test.each(COMMANDS)('%s without a directory asks for one', async (command) => {
  await expectNoRoom(command.split(' '), { TMPDIR: join(ledger.dataDir, 'not-there') });
});
