import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnnualTotals, TotalSince } from '../../src/figures/figures.views.js';
import { ViewsDirectory } from '../../src/read-models/views-directory.js';
import { londonDate } from '../../src/kernel/financial-year.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { runCommand, startCommand } from '../support/command.js';

const dataDir = mkdtempSync(join(tmpdir(), 'ledger-example-'));
const env: NodeJS.ProcessEnv = { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'warn' };
let serving: ChildProcess;

/** Starts the example, and resolves with what it printed once it has printed its totals. */
async function serveExample(): Promise<string> {
  serving = startCommand(['serve', '--example'], env);
  let output = '';
  await new Promise<void>((ready, fails) => {
    serving.stdout!.setEncoding('utf8').on('data', (text: string) => {
      if ((output += text).includes('no total over years')) ready();
    });
    serving.once('exit', () => fails(new Error(`ended at its start: ${output}`)));
  });
  env['LEDGER_URL'] = /serves at (\S+)/.exec(output)![1]!;
  return output;
}

async function stopServing(): Promise<void> {
  const exited = once(serving, 'exit');
  serving.kill('SIGTERM');
  await exited;
}

let firstOutput: string;
beforeAll(async () => {
  firstOutput = await serveExample();
});
afterAll(async () => {
  if (serving.exitCode === null) await stopServing();
  rmSync(dataDir, { recursive: true, force: true });
});

const run = (...args: string[]) => runCommand(args, env);

/** @returns the status of the answer */
async function post(
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const key = readFileSync(join(dataDir, 'admin.key'), 'utf8').trim();
  const response = await fetch(env['LEDGER_URL'] + path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
  });
  return response.status;
}

/** The cells of a table's row that begins with a label. */
function row(output: string, label: string): string[] {
  const line = output.split('\n').find((each) => each.startsWith(`${label}  `));
  return line!.split(/ {2,}/).slice(2);
}

async function totalsOf(measure: string): Promise<{ annual: AnnualTotals; since: TotalSince }> {
  const { stdout } = await run('totals', '--measure', measure, '--json');
  return (JSON.parse(stdout) as { totals: { annual: AnnualTotals; since: TotalSince }[] }).totals[0]!;
}

describe('the example', () => {
  test('prints the published annual totals and the totals since 2018-19', () => {
    expect(row(firstOutput, 'Patients benefited')).toEqual([
      '–',
      '–',
      '489,000',
      '480,000',
      '530,000',
      '1,228,000',
      '1,000,000',
      '3,727,000',
    ]);
    expect(row(firstOutput, 'Investment leveraged').at(-1)).toBe('£2,312,000,000');
    expect(row(firstOutput, 'Jobs created or safeguarded').at(-1)).toBe('4,992');
    expect(row(firstOutput, 'Jobs safeguarded').at(-1)).toBe('763');
    expect(row(firstOutput, 'Jobs created').at(-1)).toBe('700');
    expect(row(firstOutput, 'Trusts implementing')).toContain('92%, 96%, 99.3%');
  });

  test('answers in pence, with the years that nobody published missing and not zero', async () => {
    expect(firstOutput).toContain('Nobody published what 2018-19 and 2019-20 brought');
    const { since } = await totalsOf('investment-leveraged');
    expect(since).toMatchObject({ total: 231_200_000_000, amount: '2312000000.00' });
    expect(since.missingYears.filter((year) => year <= '2024-25')).toEqual(['2018-19', '2019-20']);
  });

  test('claims no more than was published: bounds where a figure is qualified or rounded, and a basis where one was stated', async () => {
    const boundsIn = async (measure: string, year: string) => {
      const { annual } = await totalsOf(measure);
      const { bounds, byBasis } = annual.years.find(({ financialYear }) => financialYear === year)!;
      return [bounds!.lowAmount, bounds!.highAmount, Object.keys(byBasis)];
    };
    expect(await boundsIn('patients-benefited', '2021-22')).toEqual(['480000', null, ['not-stated']]);
    expect(await boundsIn('lives-saved', '2023-24')).toEqual([null, '1200', ['not-stated']]);
    expect(await boundsIn('lives-saved', '2024-25')).toEqual([null, '884', ['not-stated']]);
    expect(await boundsIn('admissions-avoided', '2022-23')).toEqual([null, '57000', ['not-stated']]);
    const investment = ['454500000.00', '455500000.00', ['not-stated']];
    expect(await boundsIn('investment-leveraged', '2021-22')).toEqual(investment);
    expect(await boundsIn('interventions-delivered', '2024-25')).toEqual(['129', '129', ['not-stated']]);
    expect(await boundsIn('cardiovascular-events-prevented', '2023-24')).toEqual([
      '9000',
      null,
      ['estimated'],
    ]);
    // "Almost £500m" opens the low side of the total of all years, too.
    expect((await totalsOf('investment-leveraged')).since.bounds).toMatchObject({
      low: null,
      high: 231_400_000_000,
    });
  });

  test('loaded again changes nothing', async () => {
    const before = (await run('history', '--json')).stdout;
    await stopServing();
    const again = await serveExample();
    expect(row(again, 'Patients benefited')).toEqual(row(firstOutput, 'Patients benefited'));
    expect((await run('history', '--json')).stdout).toBe(before);
  });
});

describe('ledger totals', () => {
  test('marks what is across a change of definition, and shows all the others', async () => {
    const measure = {
      label: 'Clinics',
      unit: 'clinics',
      kind: 'flow',
      countsPeople: false,
      rollsUpInto: null,
    };
    await post('/v1/measures', { ...measure, id: 'clinics', eventType: 'ClinicHeld' });
    await post('/v1/programmes', { id: 'clinics', name: 'Clinics', startedOn: '2020-04-01' });
    const record = (key: string, ...years: string[]) =>
      post(
        '/v1/programmes/clinics/submissions',
        {
          outcomes: years.map((year) => ({
            measure: 'clinics',
            quantity: 4,
            effective: { from: `${year}-05-01` },
            basis: 'counted',
          })),
        },
        { 'idempotency-key': `00000000-0000-4000-8000-0000000000${key}` },
      );
    expect(await record('b1', '2021', '2022')).toBe(201);
    const change = {
      from: '2023-24',
      definition: 'Of a whole day',
      comparable: false,
      reason: 'half days counted twice',
    };
    expect(await post('/v1/measures/clinics/revisions', { label: 'Clinics', ...change })).toBe(201);
    // A late outcome of an old year is counted by the definition of that year.
    expect(await record('b2', '2022', '2023')).toBe(201);

    const { stdout, code } = await run('totals');
    expect(code).toBe(0);
    expect(row(stdout, 'Clinics')).toEqual(['–', '–', '–', '4', '8', '4', '–', '(break)']);
    expect(row(stdout, 'Patients benefited').at(-1)).toBe('3,727,000');
    const allowed = await run('totals', '--programme', 'clinics', '--allow-breaks');
    expect(row(allowed.stdout, 'Clinics')).toEqual(['–', '–', '–', '4', '8', '4', '16']);
  });

  test('shows a ratio beside the percentages that are no part of it, and says who may be counted twice', async () => {
    const ratio = { measure: 'trusts-implementing', effective: { from: '2023-05-01' }, basis: 'counted' };
    const people = { measure: 'patients-benefited', quantity: 7, effective: { from: '2023-05-01' } };
    await post('/v1/programmes', { id: 'ratios', name: 'Ratios', startedOn: '2020-04-01' });
    const outcomes = [
      { ...ratio, numerator: 3, denominator: 5 },
      { ...ratio, percent: '12.50' },
      { ...people, organisation: 'wessex', basis: 'counted' },
      { ...people, organisation: 'east', basis: 'counted' },
    ];
    const key = { 'idempotency-key': '00000000-0000-4000-8000-0000000000b3' };
    expect(await post('/v1/programmes/ratios/submissions', { outcomes }, key)).toBe(201);
    const { stdout } = await run('totals', '--programme', 'ratios', '--since', '2023-24');
    expect(row(stdout, 'Trusts implementing')).toEqual(['60%, 12.50%', '(ratio)']);
    expect(stdout).toContain(
      'Trusts implementing: Percentages that were published without saying of how many',
    );
    expect(stdout).toContain(
      'Patients benefited: The same people may come in several of the organisations that are added here.',
    );
    expect(stdout).toMatch(/Totals since 2023-24 run to the end of 20\d\d-\d\d\./);
  });
});

test('ledger totals and ledger export say of which year there is only a part', async () => {
  await post('/v1/programmes', { id: 'open-year', name: 'Open year', startedOn: '2020-04-01' });
  const today = {
    measure: 'views',
    quantity: 5,
    basis: 'counted',
    effective: { from: londonDate(Date.now()) },
  };
  const key = { 'idempotency-key': '00000000-0000-4000-8000-0000000000b4' };
  expect(await post('/v1/programmes/open-year/submissions', { outcomes: [today] }, key)).toBe(201);
  const { stdout } = await run('totals', '--programme', 'open-year');
  expect(row(stdout, 'Views').slice(-2)).toEqual(['5', '–']);
  expect(stdout).toMatch(/^Views: 20\d\d-\d\d was not over on 20/m);
  const { stdout: csv } = await run('export', 'totals', '--programme', 'open-year', '--measure', 'views');
  const [exported]: Record<string, string>[] = parse(csv, { columns: true });
  expect(exported!['flags']).toBe('year-not-over');
  expect(exported!['flags_in_words']).toMatch(/^20\d\d-\d\d was not over on 20/);
});

describe('ledger export', () => {
  test('writes outcomes that add up to the totals, as NDJSON', async () => {
    const { stdout } = await run('export', 'outcomes', '--format', 'ndjson', '--measure', 'jobs');
    const outcomes = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { quantity: number });
    expect(outcomes.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(4_992);
  });

  test('writes the totals of each organisation, with the name it had then', async () => {
    await post('/v1/programmes', { id: 'groups', name: 'Groups', startedOn: '2020-04-01' });
    const views = { measure: 'views', quantity: 5, basis: 'counted', effective: { from: '2022-05-01' } };
    const outcomes = [views, { ...views, organisation: 'wessex' }, { ...views, organisation: 'wessex' }];
    const key = { 'idempotency-key': '00000000-0000-4000-8000-00000000002f' };
    expect(await post('/v1/programmes/groups/submissions', { outcomes }, key)).toBe(201);
    const asked = ['--measure', 'views', '--programme', 'groups', '--to', '2022-23'];
    const { stdout } = await run('export', 'totals', '--group-by', 'organisation', ...asked);
    const rows: Record<string, string>[] = parse(stdout, { columns: true });
    expect(rows.map((each) => [each['organisation'], each['organisation_name'], each['total']])).toEqual([
      ['', '', '5'],
      ['wessex', 'Wessex AHSN', '10'],
      ['', '', '5'],
      ['wessex', 'Wessex AHSN', '10'],
    ]);
    expect(rows.every((each) => each['programme_name'] === 'Groups')).toBe(true);
    const whole: Record<string, string>[] = parse((await run('export', 'totals', ...asked)).stdout, {
      columns: true,
    });
    const periods = whole.map(({ total, financial_year: year, since, through }) => [
      total,
      year,
      since,
      through,
    ]);
    expect(periods).toEqual([
      ['15', '2022-23', '', ''],
      ['15', '', '2018-19', '2022-23'],
    ]);
  });

  test('writes what was known at an instant, or at the end of a day', async () => {
    const totals = async (...moment: string[]) => {
      const written = await run('export', 'totals', '--measure', 'jobs', '--format', 'ndjson', ...moment);
      expect(written.code).toBe(0);
      return written.stdout;
    };
    const events = (await run('history', '--json', '--until', '60')).stdout.trim().split('\n');
    const { time } = JSON.parse(events.at(-1)!) as { time: string };
    const then = await totals('--as-at', time);
    const { sequence } = JSON.parse(then.split('\n')[0]!) as { sequence: number };
    expect(then).toBe(await totals('--as-at-sequence', String(sequence)));
    const today = new Date().toLocaleDateString('sv', { timeZone: 'Europe/London' });
    expect(await totals('--as-at', today)).toBe(await totals());
    expect(await totals('--as-at', '2020-01-01')).toBe('');
  });
});

describe('ledger import', () => {
  test.each(['{"phase":"checking","rows":5}\n', '{"phase":"recording","rows":5,"of":5}\n{"phase":"do'])(
    'says how to go on where the ledger is gone after %j',
    async (answered) => {
      const dying = createServer((request, response) => {
        request.resume().once('end', () => {
          response.writeHead(200, { 'content-type': 'application/x-ndjson' });
          response.write(answered, () => response.socket!.destroy());
        });
      });
      await once(dying.listen(0, '127.0.0.1'), 'listening');
      const url = `http://127.0.0.1:${(dying.address() as AddressInfo).port}`;
      const result = await run('import', 'examples/template.csv', '--programme', 'any', '--url', url);
      dying.close();
      expect(result.stderr).toMatch(/the connection ended before the import did: run the same command again/);
      expect(result.code).toBe(1);
    },
  );
});

describe('ledger history', () => {
  const submission = '00000000-0000-4000-8000-0000000000a1';
  const outcome = {
    measure: 'investment-leveraged',
    quantity: 120_050,
    effective: { from: '2023-04-01', to: '2023-06-30' },
    basis: 'counted',
    evidence: { title: 'Quarter 1 return' },
  };

  beforeAll(async () => {
    await post('/v1/programmes', { id: 'story', name: 'Story', startedOn: '2020-04-01' });
    const body = { outcomes: [outcome, { ...outcome, organisation: 'wessex' }] };
    expect(await post('/v1/programmes/story/submissions', body, { 'idempotency-key': submission })).toBe(201);
    const changed = { ...outcome, quantity: 110_000, basis: 'estimated', reason: 'recount' };
    const first = { 'if-match': '"0"' };
    expect(await post(`/v1/outcomes/${submission}.1/correction`, changed, first)).toBe(200);
    expect(await post(`/v1/outcomes/${submission}.2/withdrawal`, { reason: 'not ours' }, first)).toBe(200);
  });

  const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
  const SEQUENCE = /sequence \d+/g;
  const told = async (id: string) => {
    const { code, stdout } = await run('history', id);
    expect(code).toBe(0);
    return stdout.trim().replace(TIME, '<time>').replace(SEQUENCE, 'sequence <n>').split('\n');
  };

  test('tells of an outcome who, when, what changed from what, why and on what evidence', async () => {
    expect(await told(`${submission}.1`)).toEqual([
      `${submission}.1  corrected, version 1`,
      '  <time>  admin recorded it  (sequence <n>)',
      '    measure: investment-leveraged',
      '    quantity: £1,200.50',
      '    period: 2023-04-01 to 2023-06-30',
      '    basis: counted',
      '    evidence: “Quarter 1 return”',
      '  <time>  admin corrected it  (sequence <n>)',
      '    because: recount',
      '    quantity: from £1,200.50 to £1,100',
      '    basis: from counted to estimated',
    ]);
  });

  test('tells of a submission all its outcomes, one that was withdrawn too', async () => {
    const lines = await told(submission.toUpperCase());
    expect(lines[0]).toBe(`Submission ${submission} of story, recorded <time> by admin: 2 outcomes.`);
    expect(lines).toContain('    organisation: wessex');
    expect(lines.slice(-2)).toEqual(['  <time>  admin withdrew it  (sequence <n>)', '    because: not ours']);
    const { stdout } = await run('history', submission, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      submission,
      outcomes: [{ version: 1 }, { status: 'withdrawn' }],
    });
  });
});

describe('ledger replay', () => {
  test('agrees with the read models, now and at any moment', async () => {
    expect(await run('replay')).toMatchObject({ code: 0, stdout: expect.stringContaining('agree') });
    const { stdout } = await run('replay', '--until', '60', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ agrees: true, sequence: 60, events: 61, differences: [] });
  });

  test('names the figure that was altered, and a rebuild puts it right', async () => {
    await stopServing();
    const views = openDatabase(new ViewsDirectory(dataDir).currentFile()!, PUBLIC_KEY);
    views.exec(`UPDATE cells SET state = replace(state, '763', '764') WHERE measure = 'jobs-safeguarded'`);
    views.exec(`UPDATE cells SET state = 'damaged' WHERE measure = 'jobs-created'`);
    views.close();
    const altered = await run('replay');
    expect(altered.code).toBe(1);
    expect(altered.stdout).toContain(
      'differs: jobs-safeguarded of innovation-exchange, no organisation, 2020-21, not-stated: ' +
        'served 764 (764 to 764) in 1 outcome, replayed 763 (763 to 763) in 1 outcome',
    );
    expect(altered.stdout).toContain('served damaged, replayed 700 (700 to 700) in 1 outcome');
    expect((await run('rebuild', '--offline')).code).toBe(0);
    expect((await run('replay')).code).toBe(0);
    await serveExample();
    expect(await run('rebuild')).toMatchObject({ code: 0, stdout: expect.stringContaining('Rebuilt') });
  });
});

describe('the command line', () => {
  test.each([
    [['--help'], 0, /Usage: ledger/],
    [['serve', '--help'], 0, /LEDGER_BODY_SECONDS/],
    [['totals', '--help'], 0, /--as-at/],
    [['no-such-command'], 2, /unknown command/],
    [['import', 'x.csv'], 2, /--programme/],
    [['import', 'no-such-file.csv', '--programme', 'formulas'], 2, /there is no file/],
    [['export', 'outcomes', '--group-by', 'programme'], 2, /--group-by is for totals/],
    [['export', 'totals', '--format', 'ndjson', '--bom'], 2, /--bom is for CSV/],
    [['export', 'nonsense'], 2, /Allowed choices are outcomes, totals/],
    [['totals', '--measure', 'no-such-measure'], 1, /There is no such measure/],
    [['history', 'no-such-programme'], 1, /There is no such programme/],
    [['history', '00000000-0000-4000-8000-0000000000ff'], 1, /There is no such submission/],
    [['history', '00000000-0000-4000-8000-0000000000a1.1', '--after', '3'], 2, /leave out --after/],
    [['totals', '--as-at', '2999-01-01'], 1, /future/],
    [['export', 'totals', '--as-at', '2999-01-01'], 1, /future/],
    [['export', 'totals', '--as-at', '2020-01-01', '--as-at-sequence', '1'], 1, /send one of them/],
    [['totals', '--url', 'http://127.0.0.1:1'], 1, /no ledger answers .* ledger serve/],
    [['rebuild', '--offline'], 1, /another process has the data directory/],
  ])('%j ends with %i and says why', async (args, code, says) => {
    const result = await run(...args);
    expect(result.stdout + result.stderr).toMatch(says);
    expect(result.code).toBe(code);
    expect(result.stderr).not.toMatch(/ at .*\(.*:\d+:\d+\)/);
  });

  test.each([['replay'], ['rebuild', '--offline']])(
    '%s where no ledger is says so, and leaves nothing',
    async (...args) => {
      const elsewhere = join(dataDir, 'no-ledger');
      const { code, stderr } = await runCommand(args, { ...env, DATA_DIR: elsewhere });
      expect([code, stderr]).toEqual([1, `ledger: there is no ledger in ${elsewhere}: set DATA_DIR\n`]);
      expect(existsSync(elsewhere)).toBe(false);
    },
  );
});
