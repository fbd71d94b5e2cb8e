/** `ledger export`: nothing that an answer holds is lost (S1-C, F8), and a list of outcomes is read in again (B5). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MeasureListView } from '../../src/catalogue/measure.dto.js';
import type { AnnualTotals, Figure, GroupName, TotalSince } from '../../src/figures/figures.views.js';
import type { OutcomesPage } from '../../src/figures/outcome.views.js';
import { runCommand } from '../support/command.js';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';
import { record } from '../support/outcomes.js';

const PROGRAMME = 'of-every-kind';
const NAME = 'Of “every” kind';
const SUBMISSION = '00000000-0000-4000-8000-0000000000c1';
const OUTCOMES = [
  {
    measure: 'investment-leveraged',
    amount: '2500.50',
    bounds: { low: '2000', high: '3000.25' },
    organisation: 'wessex',
    effective: { from: '2022-04-01', to: '2022-06-30' },
    basis: 'self-reported',
    counting: 'in-period',
    reference: 'q1/row-17',
    evidence: { title: '=Quarter 1, “£”', uri: 'https://example.org/q1' },
    evidenceSha256: 'a'.repeat(64),
    note: "'=1\nTwo lines",
  },
  {
    measure: 'jobs-created',
    quantity: 7,
    bounds: { low: 6 },
    effective: { from: '2023-05-01' },
    basis: 'counted',
  },
  { measure: 'jobs-safeguarded', quantity: 2, effective: { from: '2022-05-01' }, basis: 'modelled' },
  { measure: 'balance', amount: '-12.5', effective: { from: '2022-05-01' }, basis: 'counted' },
  {
    measure: 'trusts-implementing',
    numerator: 3,
    denominator: 5,
    effective: { from: '2023-05-01' },
    basis: 'counted',
  },
  { measure: 'trusts-implementing', percent: '12.50', effective: { from: '2023-06-01' }, basis: 'estimated' },
  {
    measure: 'technologies-in-pipeline',
    quantity: 3,
    effective: { from: '2023-05-01' },
    basis: 'not-stated',
  },
  {
    measure: 'payback',
    rate: '3.5',
    organisation: 'east',
    effective: { from: '2023-05-01' },
    basis: 'modelled',
  },
];

let ledger: Ledger;
const post = async (path: string, body: object, headers: Readonly<Record<string, string>> = {}) => {
  expect(await ledger.call('POST', path, { body, headers })).toMatchObject({ status: 201 });
};
const get = async <Body>(path: string) => (await ledger.call<Body>('GET', path)).body;
const run = (...args: string[]) => runCommand(args, { LEDGER_URL: ledger.url, LEDGER_KEY: ADMIN_KEY });

beforeAll(async () => {
  ledger = await Ledger.start();
  const plain = { countsPeople: false, rollsUpInto: null };
  await post('/v1/measures', {
    ...plain,
    id: 'payback',
    label: 'Payback',
    unit: 'to 1',
    kind: 'rate',
    eventType: 'PaybackStated',
  });
  await post('/v1/measures', {
    ...{
      ...plain,
      id: 'balance',
      label: 'Balance',
      unit: 'pounds',
      kind: 'flow',
      eventType: 'BalanceChanged',
    },
    ...{ decimals: 2, mayBeNegative: true },
  });
  await post('/v1/programmes', { id: PROGRAMME, name: NAME, startedOn: '2018-04-01' });
  await post('/v1/programmes', { id: 'another', name: 'Another', startedOn: '2018-04-01' });
  await post(
    `/v1/programmes/${PROGRAMME}/submissions`,
    { outcomes: OUTCOMES },
    { 'idempotency-key': SUBMISSION },
  );
  const others = OUTCOMES.slice(0, 6).map((outcome) => ({ ...outcome, organisation: 'east' }));
  const key = { 'idempotency-key': SUBMISSION.replace('c1', 'c3') };
  await post('/v1/programmes/another/submissions', { outcomes: others }, key);
});
afterAll(() => ledger.remove());

type Line = Readonly<Record<string, unknown>>;
type Cells = Readonly<Record<string, string>>;

const linesOf = (ndjson: string) =>
  ndjson
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

async function exported(...args: string[]): Promise<{ lines: Line[]; cells: Cells[] }> {
  const [lines, csv] = [await run('export', ...args, '--format', 'ndjson'), await run('export', ...args)];
  return { lines: linesOf(lines.stdout), cells: parse(csv.stdout, { columns: true }) };
}

describe('an export holds what the ledger answers, field by field:', () => {
  /** The column of a member, by the one rule that all columns follow. */
  const columnOf = (path: string) =>
    path
      .replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      .replaceAll(/[.-]/g, '_')
      .replace(/^amount_by_basis_(.*)$/, '$1_amount')
      .replace(/^measure_id$/, 'measure')
      .replace(/^(?:by_basis|ratio|effective|measure(?!_label))_/, '');

  const textOf = (value: unknown) =>
    typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);

  /** Every value is in its column; those of a list are in the columns that tell lists. */
  function expectTold(cells: Cells, answer: object, path = ''): void {
    const lists = ['stated_figures', 'parts', 'flags', 'flags_in_words', 'missing_years']
      .map((name) => cells[name])
      .join(' ');
    for (const [name, value] of Object.entries(answer) as [string, unknown][]) {
      if (Array.isArray(value)) {
        for (const item of value as unknown[]) {
          const told = typeof item === 'object' ? Object.values(item as Line) : [item];
          for (const each of told) expect(lists).toContain(textOf(each));
        }
      } else if (typeof value === 'object' && value !== null) {
        expectTold(cells, value, `${path}${name}.`);
      } else {
        const column = columnOf(`${path}${name}`);
        // A text that might be a formula has an apostrophe before it.
        const cell = [textOf(value), `'${textOf(value)}`].find((text) => text === (cells[column] ?? ''));
        expect({ column, cell }).toEqual({ column, cell: cells[column] ?? '' });
      }
    }
  }

  interface Group {
    readonly programme?: GroupName;
    readonly organisation?: GroupName;
  }

  test.each(['', 'programme', 'organisation'])('figures of years and since 2018, by %j', async (groupBy) => {
    const { lines, cells } = await exported('totals', ...(groupBy ? ['--group-by', groupBy] : []));
    const answers: { soFar?: object }[] = [];
    const tell = (
      { programme, organisation, ...figure }: Figure & Group & { soFar?: object },
      context: object,
    ) => {
      if (figure.outcomes > 0)
        answers.push({
          ...context,
          ...figure,
          ...(programme && { programme: programme.id }),
          ...(programme?.name && { programmeName: programme.name }),
          ...(organisation && { organisation: organisation.id }),
          ...(organisation?.name && { organisationName: organisation.name }),
        });
    };
    for (const { id } of (await get<MeasureListView>('/v1/measures?limit=500')).measures) {
      const asked = `measure=${id}&asAtSequence=${String(lines[0]!['sequence'])}${groupBy && `&groupBy=${groupBy}`}`;
      const annual = await get<AnnualTotals>(`/v1/totals/annual?${asked}`);
      const { years, groups = [{ years }], ...context } = annual;
      for (const { years: figures, ...group } of groups)
        for (const figure of figures) tell({ ...figure, ...group }, context);
      if (annual.measure.kind !== 'flow') continue;
      const { groups: grouped, ...whole } = await get<TotalSince>(`/v1/totals/since?${asked}`);
      const { since, through } = whole;
      if (!grouped) tell(whole as Figure, context);
      for (const figure of grouped ?? []) tell(figure, { ...context, since, through });
    }
    expect(answers.length).toBeGreaterThan(10);
    expect(lines).toHaveLength(answers.length);
    expect(lines).toMatchObject(answers);
    // An open year so far is a row of its own, where it has data.
    answers.forEach(({ soFar: _, ...answer }, index) => expectTold(cells[index]!, answer));
    const stated = cells.filter(({ kind }) => kind === 'ratio' || kind === 'rate');
    expect(stated.map(({ percentages, rates }) => percentages || rates)).toContain('3.5');
  });

  test('outcomes, with the names of what they name', async () => {
    const { lines, cells } = await exported('outcomes');
    const answers: OutcomesPage['outcomes'][number][] = [];
    for (const { id } of (await get<MeasureListView>('/v1/measures?limit=500')).measures) {
      const { outcomes } = await get<OutcomesPage>(`/v1/outcomes?measure=${id}&limit=500`);
      answers.push(...outcomes.filter(({ measure }) => measure === id));
    }
    expect(answers).toHaveLength(OUTCOMES.length + 6);
    expect(lines).toMatchObject(answers);
    answers.forEach(({ id, ...answer }, index) => {
      expect(cells[index]).toMatchObject({ id });
      expectTold(cells[index]!, answer);
    });
    expect(cells.find(({ id }) => id === `${SUBMISSION}.1`)).toMatchObject({
      measure_label: 'Investment leveraged',
      unit: 'pounds',
      programme_name: NAME,
      organisation_name: 'Wessex AHSN',
      quantity: '250050',
      amount: '2500.50',
      bounds_high: '300025',
      bounds_high_amount: '3000.25',
    });
    // A number below nought stays a number, and a formula becomes text.
    expect(cells.find(({ id }) => id === `${SUBMISSION}.4`)).toMatchObject({ amount: '-12.50' });
    expect(cells[0]).toMatchObject({ measure: 'balance' });
    expect(cells.map((each) => each['evidence_title'])).toContain("'=Quarter 1, “£”");
  });
});

describe('an export as CSV', () => {
  async function notesExported(programme: string, notes: readonly string[]): Promise<string> {
    await post('/v1/programmes', { id: programme, name: programme, startedOn: '2020-04-01' });
    const outcome = { measure: 'views', quantity: 1, effective: { from: '2020-04-01' }, basis: 'counted' };
    await record(ledger, programme, ...notes.map((note) => ({ ...outcome, note })));
    return (await run('export', 'outcomes', '--programme', programme)).stdout;
  }

  test('has no cell that is taken for a formula', async () => {
    const formulas = ['=HYPERLINK("x")', '+1', '-1+1', '@SUM(1)', ' =1', '\u00a0=1', "'=1"];
    // A number below nought is no formula.
    const csv = await notesExported('formulas', [...formulas, '-1']);
    const rows: Cells[] = parse(csv, { columns: true });
    expect(rows.map(({ note }) => note)).toEqual([...formulas.map((note) => `'${note}`), '-1']);
  });

  test('may have line breaks in its cells: read again, it has the same rows and notes', async () => {
    const notes = ['Two sites\nhad not reported', 'ends\n', 'a\n=1+1', '\n=1+1', 'say "so", they said'];
    const csv = await notesExported('lines', notes);
    const rows: Cells[] = parse(csv, { columns: true });
    expect(rows.map(({ note }) => note)).toEqual(notes.with(3, "'\n=1+1"));
    // A reader that ends rows at any line break sees the same.
    expect(parse(csv, { columns: true, record_delimiter: ['\r\n', '\n', '\r'] })).toEqual(rows);
  });
});

describe('a list of outcomes that was exported', () => {
  const contentsOf = async (programme: string) => {
    const { stdout } = await run('export', 'outcomes', '--programme', programme, '--format', 'ndjson');
    const own = ['id', 'programme', 'programmeName', 'recordedAt', 'actor', 'sequence'];
    return linesOf(stdout).map((line) => Object.entries(line).filter(([name]) => !own.includes(name)));
  };

  test.each([
    ['returned.csv', ['--bom']],
    ['returned.ndjson', ['--format', 'ndjson']],
  ])('is read in again from %s: once, and elsewhere as it was', async (name, options) => {
    const file = join(ledger.dataDir, name);
    await run('export', 'outcomes', '--programme', PROGRAMME, '--out', file, ...options);
    const bytes = readFileSync(file);
    expect(bytes.subarray(0, 3).equals(Buffer.from('\ufeff'))).toBe(name.endsWith('.csv'));
    const again = await run('import', file, '--programme', PROGRAMME);
    expect(again.stdout).toContain('recorded 0 outcomes. 8 had been recorded before.');
    const dry = await run('import', file, '--programme', PROGRAMME, '--dry-run', '--json');
    expect(JSON.parse(dry.stdout)).toMatchObject({ rows: 8, recorded: 0, repeated: 8, sequence: null });

    // The ledger knows nothing of outcomes with other ids, as one that never held them.
    const elsewhere = `elsewhere-${options.length}`;
    await post('/v1/programmes', { id: elsewhere, name: elsewhere, startedOn: '2018-04-01' });
    const ofOther = bytes
      .toString()
      .replaceAll(PROGRAMME, elsewhere)
      .replaceAll(SUBMISSION, SUBMISSION.replace('c1', 'c2'));
    writeFileSync(file, ofOther);
    for (const told of ['recorded 8 outcomes.', 'recorded 0 outcomes. 8 had been recorded before.'])
      expect((await run('import', file, '--programme', elsewhere)).stdout).toContain(told);
    expect(await contentsOf(elsewhere)).toEqual(await contentsOf(PROGRAMME));
  });

  test('is recorded for no other programme, and changes no outcome that it names', async () => {
    const file = join(ledger.dataDir, 'changed.csv');
    const before = await contentsOf(PROGRAMME);
    const { stdout } = await run('export', 'outcomes', '--programme', PROGRAMME);
    writeFileSync(file, stdout);
    const other = await run('import', file, '--programme', 'another');
    expect(other.stderr).toContain(
      `programme: the row is of ${PROGRAMME}: leave its programme out to record it`,
    );
    writeFileSync(file, stdout.replace(',250050,2500.50,', ',250060,2500.60,'));
    const changed = await run('import', file, '--programme', PROGRAMME);
    expect(changed.stderr).toContain(`id: ${SUBMISSION}.1 is recorded, and never said this: correct it`);
    expect(changed.stderr).toContain('1 of 8 rows is wrong');
    expect([other.code, changed.code]).toEqual([1, 1]);
    expect(await contentsOf(PROGRAMME)).toEqual(before);
  });

  test('may have new rows, which alone are recorded, also where one of its outcomes was corrected since', async () => {
    const { stdout } = await run('export', 'outcomes', '--programme', 'another');
    const header = stdout.split('\r\n')[0]!.split(',');
    const added = {
      measure: 'jobs-created',
      quantity: '5',
      from: '2023-05-02',
      basis: 'counted',
      reference: 'new',
    };
    const row = header.map((name) => (added as Cells)[name] ?? '').join(',');
    const file = join(ledger.dataDir, 'longer.csv');
    writeFileSync(file, `${stdout}${row}\r\n`);
    const outcome = `${SUBMISSION.replace('c1', 'c3')}.3`;
    const correction = { body: { quantity: 4, reason: 'recount' }, headers: { 'if-match': '"0"' } };
    expect(await ledger.call('POST', `/v1/outcomes/${outcome}/correction`, correction)).toMatchObject({
      status: 200,
    });
    for (const told of [
      'recorded 1 outcomes. 6 had been recorded before.',
      'recorded 0 outcomes. 7 had been',
    ])
      expect((await run('import', file, '--programme', 'another')).stdout).toContain(told);
    const { total } = await get<TotalSince>('/v1/totals/since?measure=jobs&programme=another');
    expect(total).toBe(7 + 4 + 5);
  });

  test('names no outcome by a key of the sender’s own', async () => {
    const file = join(ledger.dataDir, 'own.csv');
    writeFileSync(file, 'id,measure,quantity,from,basis\nrow-1,jobs-created,1,2023-05-01,counted\n');
    const { stderr } = await run('import', file, '--programme', PROGRAMME);
    expect(stderr).toContain('line 2: id: must be the id of an outcome');
    writeFileSync(
      file,
      `id,measure,quantity,from,basis\n${SUBMISSION}.501,jobs-created,1,2023-05-01,counted\n`,
    );
    expect((await run('import', file, '--programme', PROGRAMME, '--dry-run')).stdout).toContain(
      'can be recorded',
    );
  });
});
