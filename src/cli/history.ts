/**
 * `ledger history`: the events of the ledger or of one programme, in order; or the story of one submission or outcome.
 */
import type { Command } from 'commander';
import { amountOf } from '../domain/amount.js';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { CloudEvent } from '../api/event.views.js';
import { OUTCOME_ID, UUID } from '../kernel/ids.js';
import type { OutcomeHistory, SubmissionStory } from '../reports/story.views.js';
import { CommandFailed, parseForPeople, unitsOf, type LedgerClient, type Units } from './client.js';
import { changesBy, type CorrectionData } from '../domain/outcome-story.js';
import { FIGURE_MEMBERS } from '../domain/kinds/kind.js';
import { figureText, print, type FigureTold } from './output.js';
import { outcomeTold, submissionTold } from './story.js';
import { connected, withClient, type Texts } from './connection.js';

type HistoryOptions = Texts<'after' | 'until' | 'type'> & { readonly json?: boolean };

export function register(ledger: Command): void {
  connected(ledger.command('history [id]'))
    .description('the events of the ledger or of one programme; or what became of one submission or outcome')
    .option('--after <sequence>', 'events after this one')
    .option('--until <moment>', 'events up to a sequence, an instant, or the end of a day')
    .option('--type <type>', 'only events of this type')
    .option('--json', 'CloudEvents, one a line')
    .action(withClient(historyCommand));
}

/** @param of the id of a programme, a submission or an outcome; the form of the id tells which */
async function historyCommand(
  client: LedgerClient,
  of: string | undefined,
  options: HistoryOptions,
): Promise<void> {
  const id = of?.toLowerCase() ?? '';
  if (!UUID.test(id) && !OUTCOME_ID.test(id)) return eventsCommand(client, of, options);
  const { json = false, ...filters } = options;
  const [filter] = Object.keys(filters);
  if (filter !== undefined)
    throw new CommandFailed(
      `the history of a submission or an outcome has no filters: leave out --${filter}`,
      2,
    );
  const outcome = OUTCOME_ID.test(id);
  const story = await client.get<OutcomeHistory & SubmissionStory>(
    `/v1/${outcome ? 'outcomes' : 'submissions'}/${id}`,
  );
  if (json) return print(JSON.stringify(story));
  const units = await unitsOf(client);
  print(outcome ? outcomeTold(story, units) : submissionTold(story, units));
}

async function eventsCommand(
  client: LedgerClient,
  programme: string | undefined,
  { json = false, after, until, type }: HistoryOptions,
): Promise<void> {
  // A programme that does not exist is a mistake, not an empty history.
  if (programme !== undefined) await client.get(`/v1/programmes/${encodeURIComponent(programme)}`);
  const units = json ? NO_UNITS : await unitsOf(client);
  const events = client.stream('/v1/events.ndjson', { query: { programme, after, until, type } });
  const lines = createInterface({ input: Readable.from(events), crlfDelay: Infinity });
  for await (const line of lines) print(json ? line : told(parseForPeople(line) as CloudEvent, units));
}

const NO_UNITS: Units = new Map();

function told(
  { ledgersequence, time, actor, type, subject, data, recordedfrom }: CloudEvent,
  units: Units,
): string {
  const reason = typeof data.words?.['reason'] === 'string' ? ` — ${data.words['reason']}` : '';
  const from = recordedfrom.startsWith('file:')
    ? `, from ${recordedfrom.slice(0, 17)}…${recordedfrom.slice(69)}`
    : '';
  const changed = type === 'OutcomeCorrected' ? othersChanged(data) : '';
  const override = data.words?.['personalDataOverride'] as { readonly reason: string } | undefined;
  const although = override ? ` (looks like personal data, recorded because: ${override.reason})` : '';
  return `${ledgersequence}  ${time}  ${type}  ${subject}  ${whatOf(data, units)}${changed}by ${actor}${from}${reason}${although}`;
}

/** The members that a correction changed beside its figure, which the line has already. */
function othersChanged(data: CloudEvent['data']): string {
  return changesBy(data as unknown as CorrectionData)
    .filter(({ member }) => member !== 'measure' && !(FIGURE_MEMBERS as readonly string[]).includes(member))
    .map(({ member, from, to }) => `${member}: from ${from ?? 'nothing'} to ${to ?? 'nothing'}, `)
    .join('');
}

interface TypedFigures extends Omit<FigureTold, 'amount'> {
  readonly measureId: string;
  readonly quantity?: number;
}

function whatOf(data: CloudEvent['data'], units: Units): string {
  const { label, effective, replaces, ...facts } = data.facts as {
    readonly name?: string;
    readonly label?: string;
    readonly effective?: { readonly from: string; readonly to: string };
    readonly replaces?: TypedFigures;
  };
  const { evidence, name = facts.name } = (data.words ?? {}) as {
    readonly evidence?: { readonly title: string };
    readonly name?: string;
  };
  if (effective) {
    const now = data.facts as unknown as TypedFigures;
    const period = effective.from === effective.to ? effective.from : `${effective.from} to ${effective.to}`;
    const on = evidence ? `on “${evidence.title}”, ` : '';
    const was = replaces ? ` (was ${figureTold(replaces, units, now.measureId)})` : '';
    return `${figureTold(now, units)}${was}, ${period}, ${on}`;
  }
  if (replaces) return `was ${figureTold(replaces, units)}, `;
  return (name ?? label) ? `“${name ?? label}”, ` : '';
}

/** The amount with its measure, which is left out where the text before has named it. */
function figureTold(figures: TypedFigures, units: Units, named?: string): string {
  const { measureId, quantity } = figures;
  const { unit, decimals } = units.get(measureId) ?? { unit: '', decimals: 0 };
  const amount = quantity === undefined ? undefined : amountOf(quantity, decimals);
  const figure = figureText({ ...figures, amount }, unit);
  return measureId === named ? figure : `${figure} ${measureId}`;
}
