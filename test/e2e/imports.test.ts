import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createReadStream, createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import type { ReadableStream as WebStream } from 'node:stream/web';
import type { ProblemDocument } from '../../src/api/problem.views.js';
import type { ImportProgress } from '../../src/submissions/file-import.js';
import type { ImportReceiptView } from '../../src/submissions/imports.dto.js';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';
import { registerProgramme } from '../support/outcomes.js';

type Line =
  | ImportProgress
  | { readonly phase: 'done'; readonly receipt: ImportReceiptView }
  | { readonly phase: 'failed'; readonly problem: ProblemDocument };

const HEADER = 'measure,quantity,organisation,from,to,basis,evidence_title,note';
const NETWORKS = ['wessex', 'east', 'south-west', ''];

/** A row of its own for each number, some over two lines. */
function rowOf(number: number): string {
  const year = 2019 + (number % 5);
  const note = number % 7 === 0 ? '"two\nlines"' : '';
  const measure = number % 11 === 0 ? 'jobs-created' : 'patients-benefited';
  return `${measure},${number},${NETWORKS[number % 4]},${year}-04-01,${year}-06-30,counted,Return ${number},${note}`;
}

const csvOf = (count: number) =>
  [HEADER, ...Array.from({ length: count }, (_, index) => rowOf(index + 1)), ''].join('\n');

let ledger: Ledger;
const CSV = { 'content-type': 'text/csv' };
const asCsv = (body: unknown, more: Readonly<Record<string, string>> = {}) => ({
  body,
  headers: { ...CSV, ...more },
});
const importCsv = <Body = ImportReceiptView>(programme: string, body: unknown, query = '') =>
  ledger.call<Body>('POST', `/v1/programmes/${programme}/imports${query}`, asCsv(body));
const sequence = async () => (await ledger.call('GET', '/health/live')).headers.get('ledger-sequence');
const spooled = () => readdirSync(join(ledger.dataDir, 'imports'));

/** Everything that a programme recorded, by what its figures are: the same for the same outcomes. */
async function figuresOf(programme: string): Promise<unknown[]> {
  const figures = [];
  for (const measure of ['patients-benefited', 'jobs-created']) {
    const query = `measure=${measure}&programme=${programme}&from=2019-20&to=2023-24&groupBy=organisation`;
    const { body } = await ledger.call<Record<string, unknown>>('GET', `/v1/totals/annual?${query}`);
    figures.push({ years: body['years'], groups: body['groups'] });
  }
  return figures;
}

async function eventsOf(programme: string): Promise<{ source: string; data: unknown }[]> {
  const { text } = await ledger.call('GET', `/v1/events.ndjson?programme=${programme}`);
  interface Told {
    readonly type: string;
    readonly recordedfrom: string;
    readonly data: { readonly facts: Record<string, unknown> };
  }
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Told);
  return events
    .filter(({ type }) => type === 'PatientBenefited' || type === 'JobCreated')
    .map(({ recordedfrom, data }) => {
      const { outcomeId: _o, programmeId: _p, ...facts } = data.facts;
      return { source: recordedfrom, data: { ...data, facts } };
    });
}

/** Posts a file and hands on each line of the answer as it comes. */
async function* follow(programme: string, body: string): AsyncGenerator<Line> {
  const response = await ledger.fetch(`/v1/programmes/${programme}/imports.ndjson`, {
    method: 'POST',
    body,
    headers: CSV,
  });
  const answer = Readable.fromWeb(response.body as WebStream);
  // The end of the connection, where a test makes it end, is what that test is about.
  answer.on('error', () => undefined);
  try {
    for await (const line of createInterface({ input: answer, crlfDelay: Infinity })) {
      yield JSON.parse(line) as Line;
    }
  } finally {
    answer.destroy();
  }
}

async function lastLine(programme: string, body: string): Promise<Line | undefined> {
  let last: Line | undefined;
  for await (const line of follow(programme, body)) last = line;
  return last;
}

beforeAll(async () => {
  ledger = await Ledger.start();
});
afterAll(() => ledger.remove());

describe('an import', () => {
  const file = csvOf(1_200);
  const rows = { rows: 1_200, submissions: 3 };

  beforeAll(() => registerProgramme(ledger, 'asthma-care'));

  test('in a dry run checks everything and records nothing', async () => {
    const before = await sequence();
    const { status, body } = await importCsv('asthma-care', file, '?dryRun=true');
    expect(status).toBe(200);
    expect(body).toMatchObject({ ...rows, dryRun: true, recorded: 0, repeated: 0, sequence: null });
    expect(await sequence()).toBe(before);
  });

  test('records every row once, each with the line that it came from', async () => {
    const { status, body } = await importCsv('asthma-care', file);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      programme: 'asthma-care',
      ...rows,
      dryRun: false,
      recorded: 1_200,
      repeated: 0,
    });
    const events = await eventsOf('asthma-care');
    expect(events).toHaveLength(1_200);
    const lines = file.split('\n');
    for (const { source, data } of events) {
      const { quantity } = (data as { facts: { quantity: number } }).facts;
      const [, sha256, line] = /^file:([0-9a-f]{64})#(\d+)$/.exec(source)!;
      expect(sha256).toBe(body.file);
      expect(lines[Number(line) - 1]!.split(',')[1]).toBe(String(quantity));
    }
  });

  test('sent again changes nothing, after a restart too', async () => {
    const first = await importCsv('asthma-care', file);
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ ...rows, recorded: 0, repeated: 1_200 });
    const before = await sequence();
    await ledger.stop();
    await ledger.start();
    expect((await importCsv('asthma-care', file)).body).toEqual(first.body);
    expect(await sequence()).toBe(before);
  });

  test('sent twice at one time is recorded once', async () => {
    await registerProgramme(ledger, 'twice-at-once');
    const [one, other] = await Promise.all([
      importCsv('twice-at-once', file),
      importCsv('twice-at-once', file),
    ]);
    expect(one.body.recorded + other.body.recorded).toBe(1_200);
    expect(await figuresOf('twice-at-once')).toEqual(await figuresOf('asthma-care'));
  });

  test('of the same file for another programme is another import', async () => {
    await registerProgramme(ledger, 'elsewhere');
    expect((await importCsv('elsewhere', file)).body).toMatchObject({ recorded: 1_200, repeated: 0 });
  });

  test('files B11: is recorded late for a programme that has closed, where its periods lie within its life', async () => {
    const closing = { closedOn: '2024-03-31', reason: 'funding ended' };
    await ledger.call('POST', '/v1/programmes/elsewhere/closure', { body: closing });
    expect((await importCsv('elsewhere', file)).body).toMatchObject({ recorded: 0, repeated: 1_200 });
    expect((await importCsv('elsewhere', csvOf(3))).body).toMatchObject({ recorded: 3 });
    const { status, body } = await importCsv<ProblemDocument>(
      'elsewhere',
      csvOf(3).replaceAll('2022-', '2024-'),
    );
    expect(status).toBe(422);
    expect(body.errors!.map(({ code }) => code)).toContain('outside-programme-life');
  });

  test('shows its progress to whoever asks for it, and its receipt in the last line', async () => {
    await registerProgramme(ledger, 'followed');
    const lines: Line[] = [];
    for await (const line of follow('followed', csvOf(6_000))) lines.push(line);
    expect(lines.slice(0, -1)).toEqual([
      { phase: 'checking', rows: 500 },
      { phase: 'checking', rows: 5_500 },
      { phase: 'recording', rows: 500, of: 6_000 },
      { phase: 'recording', rows: 5_500, of: 6_000 },
    ]);
    expect(lines.at(-1)).toMatchObject({ phase: 'done', receipt: { rows: 6_000, recorded: 6_000 } });
  });

  test.each(['csv', 'ndjson'])('takes the template that is shipped as %s', async (format) => {
    await registerProgramme(ledger, `template-${format}`);
    const body = readFileSync(join(__dirname, `../../examples/template.${format}`));
    const headers = { 'content-type': format === 'csv' ? 'text/csv' : 'application/x-ndjson' };
    const path = `/v1/programmes/template-${format}/imports`;
    const { status, body: receipt } = await ledger.call('POST', path, { body, headers });
    expect({ status, receipt }).toMatchObject({ status: 201, receipt: { rows: 5, recorded: 5 } });
  });
});

describe('a file with bad rows', () => {
  const good = 'patients-benefited,1,wessex,2023-04-01,2023-06-30,counted,Return,';
  const file = [
    HEADER,
    good,
    'patients-benefited,"1,200",wessex,2023-04-01,,counted,Return,',
    'patients-benefited,1,wessex,2023-04-01,,counted,Return,"two\nlines"',
    'no-such-measure,1,nobody,2023-04-01,,counted,Return,',
    'patients-benefited,1,wessex,2023-03-01,2023-04-30,counted,Return,',
    'patients-benefited,1,wessex,01/04/2023,,counted,Return,',
    'patients-benefited,1,wessex,2023-04-01,,counted,"Return',
    'trusts-implementing,1,wessex,2023-04-01,,counted,Return,',
    good,
    good.slice(0, -1),
  ].join('\n');
  const told = [
    [3, 'type', '/quantity'],
    [6, 'measure-unknown', '/measure'],
    [6, 'organisation-unknown', '/organisation'],
    [7, 'effective-period-spans-years', '/from'],
    [8, 'format', '/from'],
    [9, 'quoting', undefined],
    [10, 'quantity-does-not-fit-kind', '/quantity'],
    [10, 'quantity-does-not-fit-kind', '/numerator'],
    [10, 'quantity-does-not-fit-kind', '/denominator'],
    [12, 'columns', undefined],
  ];

  beforeAll(() => registerProgramme(ledger, 'bad-rows'));

  test.each(['', '?dryRun=true'])(
    'is told every one with its line, and nothing is recorded (%j)',
    async (query) => {
      const before = await sequence();
      const { status, body } = await importCsv<ProblemDocument>('bad-rows', file, query);
      expect(status).toBe(422);
      expect(body.type).toBe('urn:outcome-ledger:problem:invalid-file');
      expect(body.detail).toBe('7 of 10 rows are wrong; nothing was recorded');
      expect(body.errors!.map(({ line, code, pointer }) => [line, code, pointer])).toEqual(told);
      expect(await sequence()).toBe(before);
      expect(spooled()).toEqual([]);
    },
  );

  test('is told the same at the end of its progress', async () => {
    const { body } = await importCsv<ProblemDocument>('bad-rows', file);
    const { instance: _, ...problem } = body;
    expect(await lastLine('bad-rows', file)).toMatchObject({ phase: 'failed', problem });
  });

  test('is told no more than a thousand faults, and how many rows are bad', async () => {
    const many = [
      HEADER,
      ...Array.from({ length: 3_000 }, (_, at) => (at % 2 ? good : good.replace('1', 'x'))),
    ];
    const { body } = await importCsv<ProblemDocument>('bad-rows', many.join('\n'));
    expect(body.detail).toBe(
      '1000 of the first 2000 rows are wrong; the rest was not looked at; nothing was recorded',
    );
    expect(body.errors).toHaveLength(1_000);
    expect(body.errors!.at(-1)).toMatchObject({ line: 2_000 });
  });

  test('that cannot be read as rows at all is told why', async () => {
    for (const unreadable of ['', HEADER, `${HEADER},colour\n${good},red\n`, 'PK\u0003\u0004']) {
      const { status, body } = await importCsv<ProblemDocument>('bad-rows', unreadable);
      expect([status, body.type]).toEqual([422, 'urn:outcome-ledger:problem:invalid-file']);
      expect(body.errors![0]).toMatchObject({ line: 1 });
    }
  });
});

test('a call that cannot be an import is refused before its file is read', async () => {
  const imports = '/v1/programmes/asthma-care/imports';
  const refused = async (path: string, call: Parameters<Ledger['call']>[2]) => {
    const { status, body } = await ledger.call<ProblemDocument>('POST', path, call);
    return `${status} ${body.type.split(':').at(-1)}`;
  };
  expect(await refused('/v1/programmes/nobody/imports.ndjson', asCsv('x'))).toBe('404 programme-unknown');
  expect(await refused('/v1/programmes/No%20body/imports', asCsv('x'))).toBe('404 programme-unknown');
  expect(await refused(imports, { body: {} })).toBe('415 unsupported-media-type');
  expect(await refused(imports, {})).toBe('415 unsupported-media-type');
  expect(await refused(`${imports}?dryRun=yes`, asCsv('x'))).toBe('400 bad-query');
});

describe('an import that is interrupted', () => {
  const count = 12_000;
  const file = csvOf(count);
  const recorded = async (programme: string) =>
    (await importCsv(programme, file, '?dryRun=true')).body.repeated;

  beforeAll(async () => {
    await registerProgramme(ledger, 'at-once');
    expect((await importCsv('at-once', file)).body).toMatchObject({ recorded: count });
  });

  /** Begins an upload that does not end, and resolves when the ledger keeps a part of it. */
  async function beginUpload(programme: string) {
    const upload = httpRequest(`${ledger.url}/v1/programmes/${programme}/imports`, {
      method: 'POST',
      headers: { ...CSV, authorization: `Bearer ${ADMIN_KEY}` },
    });
    upload.on('error', () => undefined);
    upload.write(file.slice(0, 200_000));
    await until(() => spooled().length > 0);
    return upload;
  }

  test('anywhere, again and again, by the death of the process, ends as if it had run at once', async () => {
    await registerProgramme(ledger, 'killed');
    await beginUpload('killed');
    await ledger.kill();
    await ledger.start();
    expect(await recorded('killed')).toBe(0);

    const points: ((line: Line) => boolean)[] = [
      ({ phase }) => phase === 'checking',
      ({ phase }) => phase === 'recording',
      (line) => line.phase === 'recording' && line.rows > 5_000,
      (line) => line.phase === 'recording' && line.rows > 10_000,
    ];
    for (const isPoint of points) {
      let [before, told] = [await recorded('killed'), 0];
      for await (const line of follow('killed', file)) {
        if (line.phase === 'recording') told = line.rows;
        if (isPoint(line)) break;
      }
      await ledger.kill();
      await ledger.start();
      // What was told to be recorded is, and what was recorded before.
      expect(await recorded('killed')).toBeGreaterThanOrEqual(Math.max(before, told));
      before = await recorded('killed');
      expect(before % 500).toBe(0);
    }

    const { body } = await importCsv('killed', file);
    expect(body).toMatchObject({ rows: count, submissions: 24 });
    expect(body.recorded + body.repeated).toBe(count);
    expect(await figuresOf('killed')).toEqual(await figuresOf('at-once'));
    const inOrderOfLines = async (programme: string) =>
      (await eventsOf(programme)).sort((one, other) => (one.source < other.source ? -1 : 1));
    expect(await inOrderOfLines('killed')).toEqual(await inOrderOfLines('at-once'));
  });

  test('by the end of the ledger stops between two submissions, and is completed when it is sent again', async () => {
    await registerProgramme(ledger, 'stopped');
    let ended: Promise<unknown> | undefined;
    let last: Line | undefined;
    for await (const line of follow('stopped', file)) {
      last = line;
      if (line.phase === 'recording') ended ??= ledger.stop();
    }
    expect(await ended).toBe(0);
    // Unless the ledger was done before it heard of its end.
    const how = last?.phase === 'failed' ? last.problem.type : last?.phase;
    expect(['done', 'urn:outcome-ledger:problem:store-unavailable']).toContain(how);
    await ledger.start();
    const { body } = await importCsv('stopped', file);
    expect(body.recorded + body.repeated).toBe(count);
    expect(await figuresOf('stopped')).toEqual(await figuresOf('at-once'));
  });

  test('by a client that breaks off its upload leaves nothing behind', async () => {
    const before = await sequence();
    (await beginUpload('at-once')).destroy();
    await until(() => spooled().length === 0);
    expect(await sequence()).toBe(before);
  });

  test('by a client that goes when all of the file has arrived is carried out all the same', async () => {
    await registerProgramme(ledger, 'left-alone');
    for await (const _line of follow('left-alone', file)) break;
    await until(() => spooled().length === 0);
    expect(await recorded('left-alone')).toBe(count);
    expect(await figuresOf('left-alone')).toEqual(await figuresOf('at-once'));
  });
});

test('a file of 300,000 rows is imported within 300 MB of memory', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'import-'));
  const fresh = await Ledger.start();
  try {
    const path = join(dir, 'large.csv');
    const large = createWriteStream(path);
    large.write(`${HEADER}\n`);
    for (let number = 1; number <= 300_000; number++) {
      if (!large.write(`${rowOf(number)}\n`)) await once(large, 'drain');
    }
    large.end();
    await finished(large);

    await registerProgramme(fresh, 'large');
    const { status, body } = await fresh.call<ImportReceiptView>('POST', '/v1/programmes/large/imports', {
      body: Readable.toWeb(createReadStream(path)),
      headers: CSV,
    });
    expect({ status, body }).toMatchObject({ status: 201, body: { rows: 300_000, recorded: 300_000 } });
    const peakKib = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${fresh.pid}/status`, 'utf8'))![1]);
    expect(peakKib * 1_024).toBeLessThan(300_000_000);
  } finally {
    await fresh.remove();
    rmSync(dir, { recursive: true });
  }
}, 300_000);

/** Looks again until it is so; the test's own time limit bounds it. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
