/** `ledger changes`: what changed a measure's figures between two moments, line by line, and the events that did it. */
import type { Command } from 'commander';
import type { ChangingEvent, Changes, LineName } from '../figures/changes.views.js';
import type { VersionView } from '../figures/outcome.views.js';
import type { LedgerClient } from './client.js';
import { connected, withClient, type Texts } from './connection.js';
import { figureText, print, readable, table, type Align } from './output.js';

type ChangesOptions = Texts<'later' | 'programme' | 'organisation' | 'from' | 'to'> &
  Readonly<Record<'measure' | 'earlier', string>> &
  Readonly<Partial<Record<'allowBreaks' | 'json', boolean>>>;

export function register(ledger: Command): void {
  connected(ledger.command('changes'))
    .description('what changed the figures of a measure between two moments, and why')
    .requiredOption('--measure <id>', 'the measure, with what rolls up into it')
    .requiredOption('--earlier <moment>', 'a sequence, an instant, or the end of a day')
    .option('--later <moment>', 'the same; by default now')
    .option('--programme <id>', 'only this programme')
    .option('--organisation <id>', 'only this organisation')
    .option('--from <year>', 'first financial year, by default 2018-19')
    .option('--to <year>', 'last financial year')
    .option('--allow-breaks', 'add figures across a change of definition too')
    .option('--json', 'the whole answer of the ledger, with all events')
    .action(withClient(changesCommand));
}

async function changesCommand(
  client: LedgerClient,
  { json = false, allowBreaks = false, ...asked }: ChangesOptions,
): Promise<void> {
  const query = { ...asked, ...(allowBreaks && { allowBreaks: 'true' }) };
  const ask = (after?: string) =>
    client.get<Changes>('/v1/totals/changes', { ...query, after, limit: '500' });
  const changes = await ask();
  if (json) return printWhole(changes, ask);
  printBridges(changes);
  for (const event of changes.events) print(eventTold(event, changes.measure));
  if (changes.next !== null)
    print(
      `More events follow than these ${changes.events.length}: --json tells all, --programme or --from fewer.`,
    );
}

async function printWhole(first: Changes, ask: (after: string) => Promise<Changes>): Promise<void> {
  const events = [...first.events];
  for (let { next } = first; next !== null;) {
    const page = await ask(next);
    events.push(...page.events);
    next = page.next;
  }
  print(JSON.stringify({ ...first, events, next: null }, null, 2));
}

function printBridges({ measure, earlier, later, years, since, notAdded }: Changes): void {
  print(
    `${measure.label} (${measure.unit}), from sequence ${earlier.sequence} (${earlier.asAt}) to ${later.sequence} (${later.asAt})\n`,
  );
  const bridges = [
    ...years.map((year) => ({ title: year.financialYear, ...year })),
    ...(since ? [{ title: `${since.since} to ${since.through}`, ...since }] : []),
  ];
  const figure = ({ amount, ratio }: Changes['years'][number]['opening']) =>
    ratio ? `${ratio.percent}%` : readable(amount, measure.unit);
  const amountIn = (line: LineName) =>
    bridges.map(({ lines }) => lines.find((one) => one.line === line)?.amount ?? null);
  const lines = (bridges[0]?.lines ?? [])
    .map(({ line }) => ({ line, amounts: amountIn(line) }))
    .filter(({ amounts }) => amounts.some((amount) => Number(amount) !== 0));
  const rows = [
    ['opening', ...bridges.map(({ opening }) => figure(opening))],
    ...lines.map(({ line, amounts }) => [line, ...amounts.map((amount) => signed(amount, measure.unit))]),
    ['closing', ...bridges.map(({ closing }) => figure(closing))],
  ];
  const align: Align[] = ['left', ...bridges.map((): Align => 'right')];
  if (bridges.length > 0) print(`${table(['', ...bridges.map(({ title }) => title)], rows, align)}\n`);
  if (years.length === 0) print('No figure of a year changed.\n');
  if (notAdded !== undefined) print(`${notAdded}.\n`);
}

/** Nought is left blank, so that what changed stands out. */
function signed(amount: string | null, unit: string): string {
  if (amount === null || Number(amount) === 0) return '';
  return `${amount.startsWith('-') ? '' : '+'}${readable(amount, unit)}`;
}

function eventTold(event: ChangingEvent, { unit }: Changes['measure']): string {
  const { sequence, recordedAt, line, role, programme, measure, outcome } = event;
  const { before, after, changes, reason } = event;
  const [was, is] = [before, after].map((version) => (version ? fieldsOf(version, unit) : []));
  const fields = (is!.length > 0 ? is! : was!).flatMap((value, index) => {
    const [from, to] = [was![index], is![index]];
    if (!before || !after) return value === '' ? [] : [value];
    return from === to ? [] : [`${from || 'none'} → ${to || 'none'}`];
  });
  const years = changes
    .filter(({ amount }) => Number(amount) !== 0)
    .map(({ financialYear, amount }) => `${financialYear} ${signed(amount, unit)}`);
  const what = [measure, programme, ...fields, outcome].filter(Boolean).join(', ');
  const why = reason === undefined ? '' : ` — ${reason}`;
  return `${sequence}  ${recordedAt}  ${line} by ${role}  ${years.join(', ')}  ${what}${why}`;
}

function fieldsOf(version: VersionView, unit: string): readonly string[] {
  const { measure, organisation = '', effective, basis } = version;
  return [figureText(version, unit), organisation, `${effective.from} to ${effective.to}`, basis, measure];
}
