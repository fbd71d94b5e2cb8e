/** `ledger correct`, `withdraw`, `reinstate` and `erase`: what becomes of one outcome after it was recorded. */
import { Option, type Command } from 'commander';
import type { OutcomeHistory } from '../reports/story.views.js';
import type { RecordedLineView } from '../submissions/submissions.dto.js';
import { CommandFailed, outcomePath, unitsOf, type LedgerClient } from './client.js';
import { connected, withClient, type Texts } from './connection.js';
import { print } from './output.js';
import { changesTold } from './story.js';

/** The options that say what a correction changes, each by the member that it is sent as. */
const MEMBERS = {
  measure: 'the id of the right measure',
  organisation: 'the id of the organisation that delivered',
  amount: 'the figure in the unit of its measure, such as 1250 people or 2500.50 pounds',
  numerator: 'how many, of a ratio',
  denominator: 'of how many, of a ratio',
  percent: 'the percentage, of a ratio whose denominator nobody published',
  rate: 'the rate',
  basis: 'how the figure was come by',
  reference: 'your own key of the row',
  note: 'anything a reader should know',
} as const;
type Member = keyof typeof MEMBERS;
const TAKEN_AWAY = ['organisation', 'bounds', 'evidence', 'evidenceSha256', 'reference', 'note', 'counting'];

interface ChangeOptions {
  readonly reason: string;
  readonly ifVersion?: string | undefined;
}
type CorrectOptions = ChangeOptions &
  Texts<Member | 'from' | 'to' | 'low' | 'high' | 'evidenceTitle' | 'evidenceUri'> & {
    readonly without?: readonly string[];
  };

export function register(ledger: Command): void {
  const correct = changing(ledger, 'correct', 'correct an outcome: say only what is different, and why');
  for (const [member, says] of Object.entries(MEMBERS)) correct.option(`--${member} <${member}>`, says);
  correct
    .option('--from <date>', 'the first day of its period')
    .option('--to <date>', 'the last day of its period; left out, the same day')
    .option('--low <amount>', 'at least so much; left out, that side is open')
    .option('--high <amount>', 'at most so much; left out, that side is open')
    .option('--evidence-title <title>', 'what the figure rests on')
    .option('--evidence-uri <address>', 'where that is kept')
    .addOption(new Option('--without <member...>', 'take these away').choices(TAKEN_AWAY))
    .action(withClient(correctCommand));
  changing(ledger, 'withdraw', 'withdraw an outcome: it counts no more').action(
    withClient(changeCommand('withdrawal')),
  );
  changing(ledger, 'reinstate', 'take a withdrawal back: the outcome counts again').action(
    withClient(changeCommand('reinstatement')),
  );
  connected(ledger.command('erase <outcome>'))
    .description('take evidence, notes and reasons out of an outcome by a lawful order; its figures stand')
    .requiredOption(
      '--reason <reason>',
      'the reason, which is kept for good: do not repeat in it what is erased',
    )
    .requiredOption(
      '--authorised-by <office>',
      'the office that ordered it, such as the data protection officer',
    )
    .action(withClient(eraseCommand));
}

function changing(ledger: Command, name: string, says: string): Command {
  return connected(ledger.command(`${name} <outcome>`))
    .description(says)
    .requiredOption('--reason <reason>', 'why, which is kept with it')
    .option('--if-version <version>', 'only where the outcome still stands at this version');
}

async function correctCommand(client: LedgerClient, id: string, options: CorrectOptions): Promise<void> {
  const { from, to, low, high, evidenceTitle, evidenceUri, without = [], ...rest } = options;
  const { reason, ifVersion, ...members } = rest;
  if (to !== undefined && from === undefined) throw new CommandFailed('say --from beside --to', 2);
  if (evidenceUri !== undefined && evidenceTitle === undefined)
    throw new CommandFailed('say --evidence-title beside --evidence-uri', 2);
  const changes = {
    ...members,
    numerator: wholeNumber('numerator', members.numerator),
    denominator: wholeNumber('denominator', members.denominator),
    ...(from !== undefined && { effective: { from, to } }),
    ...((low ?? high) !== undefined && { bounds: { low, high } }),
    ...(evidenceTitle !== undefined && { evidence: { title: evidenceTitle, uri: evidenceUri } }),
    ...Object.fromEntries(without.map((member) => [member, null])),
  };
  await changeCommand('correction', changes)(client, id, { reason, ifVersion });
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new CommandFailed(`--${name} must be a whole number`, 2);
  return Number(text);
}

const DONE = { correction: 'is corrected', withdrawal: 'is withdrawn', reinstatement: 'stands again' };

function changeCommand(change: keyof typeof DONE, changes: object = {}) {
  return async (
    client: LedgerClient,
    outcome: string,
    { reason, ifVersion }: ChangeOptions,
  ): Promise<void> => {
    const path = outcomePath(outcome);
    if (ifVersion !== undefined && !/^\d{1,9}$/.test(ifVersion))
      throw new CommandFailed('--if-version must be a whole number', 2);
    const version = ifVersion ?? (await client.get<OutcomeHistory>(path)).version;
    const headers = { 'if-match': `"${version}"` };
    const made = await client.post<RecordedLineView>(
      `${path}/${change}`,
      { ...changes, reason },
      { headers },
    );
    print(`${made.id} ${DONE[change]}: version ${made.version}, sequence ${made.sequence}.`);
    if (change !== 'correction') return;
    const { versions } = await client.get<OutcomeHistory>(path);
    for (const line of changesTold(versions, made.version, await unitsOf(client))) print(`  ${line}`);
  };
}

async function eraseCommand(
  client: LedgerClient,
  outcome: string,
  { reason, authorisedBy }: Readonly<Record<'reason' | 'authorisedBy', string>>,
): Promise<void> {
  const path = `${outcomePath(outcome)}/erasure`;
  const { id, sequence } = await client.post<RecordedLineView>(path, { reason, authorisedBy });
  print(`What people wrote in ${id} is erased (sequence ${sequence}). Its figures stand.`);
  print('Copies that were made before, such as backups and exports, hold it still.');
}
