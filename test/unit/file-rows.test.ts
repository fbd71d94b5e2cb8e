import { describe, expect, test } from '@jest/globals';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream';
import { csvOf, guarded, unguarded } from '../../src/files/csv-out.js';
import { COLUMN_NAMES, OUTCOME_COLUMNS } from '../../src/files/csv-row.js';
import type { FileFormat } from '../../src/files/records.js';
import { rowsOf, UnreadableFile, type FileRow } from '../../src/submissions/file-rows.js';
import type { OutcomeDto } from '../../src/submissions/submissions.dto.js';

const EXAMPLES = join(__dirname, '../../examples');

async function rowsIn(bytes: Buffer | string, format: FileFormat = 'csv'): Promise<FileRow[]> {
  const pieces = (async function* () {
    yield Buffer.from(bytes);
  })();
  const all: FileRow[] = [];
  for await (const rows of rowsOf(pieces, format)) all.push(...rows);
  return all;
}

const outcomesOf = (rows: readonly FileRow[]) => rows.map(({ outcome }) => outcome);

/** What is said of the one bad row of a file: column and sentence. */
async function faultOf(cells: Readonly<Record<string, string>>): Promise<string> {
  const row = { measure: 'jobs', from: '2023-04-01', basis: 'counted', quantity: '1', ...cells };
  const [bad] = await rowsIn(stringify([row], { header: true }));
  if (bad?.outcome !== null) throw new Error('the row is good');
  const [{ pointer, detail } = { pointer: '', detail: '' }, ...others] = bad.faults;
  expect({ line: bad.line, others }).toEqual({ line: 2, others: [] });
  return `${pointer}: ${detail}`;
}

describe('any outcome', () => {
  const slug = fc.stringMatching(/^[a-z0-9]{1,8}(?:-[a-z0-9]{1,8}){0,3}$/);
  const whole = fc.oneof(fc.nat(), fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER));
  const characters = fc.oneof(
    fc.constantFrom(',', '"', '\n', '\t', ' ', 'é', '£', '\u{1f600}', '='),
    fc.string(),
  );
  const text = fc
    .array(characters, { minLength: 1, maxLength: 20 })
    .map((parts) => parts.join('').replaceAll(/[^\P{Cc}\n\t]/gu, ''))
    .filter((joined) => /\S/.test(joined) && !/\p{Surrogate}/u.test(joined));
  const date = fc
    .date({ min: new Date('1900-01-01'), max: new Date('2999-12-31'), noInvalidDate: true })
    .map((at) => at.toISOString().slice(0, 10));
  const moment = fc.oneof(
    date,
    date.map((day) => `${day}T09:30:00+01:00`),
  );
  const outcome: fc.Arbitrary<OutcomeDto> = fc.record(
    {
      measure: slug,
      effective: fc.record({ from: moment, to: moment }, { requiredKeys: ['from'] }),
      basis: fc.constantFrom('counted', 'estimated', 'modelled', 'self-reported', 'not-stated'),
      quantity: whole,
      numerator: whole,
      denominator: whole.filter((value) => value > 0),
      percent: fc.stringMatching(/^(?:0|[1-9]\d{0,2})(?:\.\d{1,6})?$/),
      organisation: slug,
      amount: fc.stringMatching(/^(?:0|[1-9]\d{0,9})\.\d{1,2}$/),
      rate: fc.stringMatching(/^(?:0|[1-9]\d{0,9})\.\d{1,2}$/),
      counting: fc.constantFrom('in-period' as const, 'year-to-date' as const),
      reference: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,20}$/),
      evidenceSha256: fc.stringMatching(/^[0-9a-f]{64}$/),
      evidence: fc.record(
        {
          title: text.filter((title) => title.length <= 300),
          uri: fc.stringMatching(/^https:\/\/[!-~]{1,40}$/),
        },
        { requiredKeys: ['title'] },
      ),
      note: text,
    },
    { requiredKeys: ['measure', 'effective', 'basis'] },
  );

  const cellsOf = ({ effective, bounds, evidence, evidenceSha256, ...plain }: OutcomeDto) => ({
    ...plain,
    ...effective,
    bounds_low: bounds?.low,
    bounds_high: bounds?.high,
    evidence_title: evidence?.title,
    evidence_uri: evidence?.uri,
    evidence_sha256: evidenceSha256,
  });
  const columns = fc.shuffledSubarray([...COLUMN_NAMES], { minLength: COLUMN_NAMES.length });

  test('that is written as a row, in any order of columns, is read back as the same outcome', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(outcome, { minLength: 1, maxLength: 5 }),
        columns,
        fc.record({
          quoted: fc.boolean(),
          bom: fc.boolean(),
          record_delimiter: fc.constantFrom<'unix' | 'windows'>('unix', 'windows'),
        }),
        async (outcomes, order, style) => {
          // Between lines that end in CRLF the writer would leave a cell with a lone LF unquoted.
          const options = { header: true, columns: order, quoted_match: /\n/, ...style };
          const file = stringify(outcomes.map(cellsOf), options);
          expect(outcomesOf(await rowsIn(file))).toEqual(outcomes);
        },
      ),
      { numRuns: 500 },
    ));

  test('that is exported with what the ledger tells of it is read back as the same outcome, formulas too', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(outcome, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (outcomes, bom) => {
          const told = { version: 3, programme: 'a', programmeName: '=1+1', contributes: true, sequence: 7 };
          const id = '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1';
          const lines = outcomes.map((each) => ({ ...each, ...told, id }));
          const file = await buffer(pipeline(lines, csvOf(OUTCOME_COLUMNS, { bom }), () => undefined));
          for (const rows of [
            await rowsIn(file),
            await rowsIn(lines.map((line) => JSON.stringify(line)).join('\n'), 'ndjson'),
          ]) {
            expect(outcomesOf(rows)).toEqual(outcomes);
            expect(rows.map((row) => row.outcome && row.exported)).toEqual(
              outcomes.map(() => ({ id, programme: 'a' })),
            );
          }
        },
      ),
      { numRuns: 300 },
    ));

  test('that is written as a line of JSON is read back as the same outcome', () =>
    fc.assert(
      fc.asyncProperty(fc.array(outcome, { minLength: 1, maxLength: 5 }), async (outcomes) => {
        const file = outcomes.map((each) => `${JSON.stringify(each)}\n`).join('');
        expect(outcomesOf(await rowsIn(file, 'ndjson'))).toEqual(outcomes);
      }),
    ));
});

describe('a cell of an export', () => {
  const blanks = fc.stringMatching(/^[' \t\n\u00a0\u200b\u2060\ufeff]{0,4}$/);
  const text = fc
    .tuple(blanks, fc.constantFrom('=', '+', '-', '@', '＝', '-5', 'x', ''), fc.string())
    .map((parts) => parts.join(''));

  test('is no formula, whatever blanks come before it, and is read back as it was', () =>
    fc.assert(
      fc.property(text, (written) => {
        const cell = guarded(written);
        expect(unguarded(cell)).toBe(written);
        const seen = cell.replaceAll(/^[\p{White_Space}\p{C}]+/gu, '');
        if (!/^-\d+(?:\.\d+)?$/.test(seen)) expect(seen).not.toMatch(/^[=+\-@＝＋－＠]/u);
      }),
      { numRuns: 2_000 },
    ));

  test('that is a number below nought stays a number', () => {
    expect(['-5', '-5.25', '-5+1', '5'].map(guarded)).toEqual(['-5', '-5.25', "'-5+1", '5']);
  });
});

test('the two templates say the same outcomes, under every column there is', async () => {
  const csv = readFileSync(join(EXAMPLES, 'template.csv'), 'utf8');
  const outcomes = outcomesOf(await rowsIn(csv));
  expect(outcomes).toEqual(
    outcomesOf(await rowsIn(readFileSync(join(EXAMPLES, 'template.ndjson')), 'ndjson')),
  );
  expect(outcomes).toHaveLength(5);
  expect(outcomes).not.toContain(null);
  expect(csv.split('\n')[0]).toBe(COLUMN_NAMES.join(','));
});

describe('what a spreadsheet makes of a cell is not guessed at, but explained:', () => {
  const WHOLE = 'must be a whole number from -9007199254740991 to 9007199254740991';
  const DATE = 'must be a date that exists, such as 2023-04-01, or an instant such as 2023-04-01T09:30:00Z';
  test.each([
    [{ quantity: '1,200' }, `/quantity: ${WHOLE}: write plain digits, 1200 for 1,200`],
    [
      { quantity: '1200.0' },
      `/quantity: ${WHOLE}: write plain digits, without a decimal point, for "1200.0", or write it under amount`,
    ],
    [{ quantity: '1e3' }, `/quantity: ${WHOLE}: write all the digits of "1e3", without an exponent`],
    [{ quantity: '1.2E+06' }, `/quantity: ${WHOLE}: write all the digits of "1.2E+06", without an exponent`],
    [
      { quantity: '£1200' },
      `/quantity: ${WHOLE}: write plain digits, in pence, without a sign of currency, or pounds under amount`,
    ],
    [{ quantity: '(5)' }, `/quantity: ${WHOLE}: write what is below nought with a hyphen, such as -12`],
    [{ quantity: ' 5' }, `/quantity: ${WHOLE}: there is a space before or after "5"`],
    [{ quantity: 'about 5' }, `/quantity: ${WHOLE}: write plain digits, such as 1200, not "about 5"`],
    [{ quantity: '9007199254740993' }, `/quantity: ${WHOLE}`],
    [{ quantity: '007' }, `/quantity: ${WHOLE}: write 7, without the zeros before it, for 007`],
    [{ from: '01/04/2023' }, `/from: ${DATE}: write it as YYYY-MM-DD, not "01/04/2023"`],
    [{ from: '45017' }, `/from: ${DATE}: write it as YYYY-MM-DD: 45017 is how a spreadsheet counts days`],
    [{ to: '2023-02-30' }, `/to: ${DATE}`],
    [{ from: '' }, '/from: is required'],
    [{ evidence_uri: 'https://example.org' }, '/evidence_title: is required'],
  ])('%j', async (cells, says) => expect(await faultOf(cells)).toBe(says));

  test('a percentage with its sign, and a word with a space behind it', async () => {
    expect(await faultOf({ percent: '87.5%' })).toMatch(/^\/percent: .*: write the number without its sign$/);
    expect(await faultOf({ percent: '00.5' })).toMatch(/^\/percent: /);
    expect(await faultOf({ basis: 'counted ' })).toMatch(
      /^\/basis: .*: there is a space before or after "counted"$/,
    );
  });
});

test('a bound is a number beside a quantity, and a text beside an amount', async () => {
  const rows = await rowsIn(
    'measure,quantity,amount,bounds_low,bounds_high,from,basis\n' +
      'jobs,10,,9,,2023-04-01,counted\njobs,,142.5,,150,2023-04-01,counted\n',
  );
  expect(rows.map(({ outcome }) => outcome)).toMatchObject([
    { quantity: 10, bounds: { low: 9 } },
    { amount: '142.5', bounds: { high: '150' } },
  ]);
});

describe('a row', () => {
  test('with another number of cells than the header is a fault', async () => {
    const [row] = await rowsIn('measure,from,basis\njobs,2023-04-01,counted,1\n');
    expect(row).toMatchObject({ line: 2, outcome: null, faults: [{ code: 'columns' }] });
  });

  test('of nothing but empty cells, as spreadsheets leave them, is passed over', async () => {
    const rows = await rowsIn('measure,from,basis\n,,\njobs,2023-04-01,counted\n,,\n');
    expect(rows.map(({ line }) => line)).toEqual([3]);
  });

  test('F13: may have empty cells behind the last column, under a header with empty names or none', async () => {
    for (const header of ['measure,quantity,from,basis,,', 'measure,quantity,from,basis']) {
      const rows = await rowsIn(`sep=,\n,,,,\n${header}\njobs,1,2023-04-01,counted,,\n`);
      expect(rows).toMatchObject([{ line: 4, outcome: { measure: 'jobs' } }]);
    }
    const [row] = await rowsIn('measure,quantity,from,basis,\njobs,1,2023-04-01,counted,x\n');
    expect(row).toMatchObject({ outcome: null, faults: [{ code: 'columns' }] });
  });

  test('of JSON that is not an outcome is told why, and where in its line', async () => {
    const rows = await rowsIn(
      '[]\n{"measure":1}\n{"measure":"a","measure":"b"}\n{"quantity":9007199254740993}\nx',
      'ndjson',
    );
    expect(rows.map((row) => [row.line, row.outcome === null && row.faults[0]])).toMatchObject([
      [1, { code: 'type', detail: 'must be an object', pointer: '' }],
      [2, { pointer: '/effective', code: 'required' }],
      [
        3,
        {
          code: 'malformed-json',
          detail: 'a name comes twice in one object, at column 16',
          pointer: '/measure',
        },
      ],
      [4, { code: 'malformed-json', pointer: '/quantity' }],
      [5, { code: 'malformed-json' }],
    ]);
  });
});

describe('a header', () => {
  test.each([
    ['measure,from,basis,actor', 'there is no column "actor"'],
    ['measure,from,basis,colour', 'there is no column "colour": the columns are measure, quantity, amount'],
    ['measure,from,basis,Bounds low', 'there is no column "Bounds low": write it bounds_low'],
    ['measure,from,basis,from', 'there are two columns from'],
    ['measure,basis', 'there is no column from, which every row needs'],
    ['measure;from;basis', 'the columns must be separated by commas'],
    ['measure,from,basis\rjobs,2023-04-01,counted', 'the lines end in CR alone'],
    ['PK\x03\x04\x14\x00"measure', 'is the beginning of a workbook'],
    ['"measure', 'has a quote that is never closed'],
    ['m\xe9asure', 'has bytes that are not UTF-8'],
    ['', undefined],
  ])('%j is refused with the reason', async (header, says) => {
    const read = rowsIn(Buffer.from(`${header}\njobs,2023-04-01,counted,1\n`, 'latin1'));
    if (says === undefined) await expect(read).rejects.toThrow(/there is no column "jobs"/);
    else await expect(read).rejects.toThrow(UnreadableFile);
    await read.catch((error: UnreadableFile) => {
      if (says === undefined) return;
      expect(error.faults[0]!.line).toBe(1);
      expect(error.faults[0]!.detail).toContain(says);
    });
  });
});
