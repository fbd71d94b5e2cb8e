import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RECORD_BYTES_MAX, recordsOf, type FileFormat } from '../../src/files/records.js';

/** As one value to compare: a line number with the fields, the text, or the kind of fault. */
type Told = readonly [number, readonly string[] | string];

async function cut(pieces: readonly Buffer[], format: FileFormat = 'csv'): Promise<Told[]> {
  const told: Told[] = [];
  const source = (async function* () {
    yield* pieces;
  })();
  for await (const records of recordsOf(source, format)) {
    for (const record of records) {
      if (record.kind === 'row') told.push([record.line, record.fields]);
      else if (record.kind === 'line') told.push([record.line, record.bytes.toString('utf8')]);
      else told.push([record.line, record.fault.code]);
    }
  }
  return told;
}

const cutText = (text: string, format?: FileFormat) => cut([Buffer.from(text)], format);

describe('the rows of a CSV', () => {
  test('end in LF or CRLF, and the last one in nothing', async () => {
    expect(await cutText('a,b\r\nc,d\ne,f')).toEqual([
      [1, ['a', 'b']],
      [2, ['c', 'd']],
      [3, ['e', 'f']],
    ]);
  });

  test('keep line breaks, commas and quotes inside quotes, and the next row has its true line', async () => {
    expect(await cutText('"a\r\nb","c,d","e ""f"""\r\n"",g,\r\nh,"i",j\r\n')).toEqual([
      [1, ['a\r\nb', 'c,d', 'e "f"']],
      [3, ['', 'g', '']],
      [4, ['h', 'i', 'j']],
    ]);
  });

  test('are counted with the empty lines that are passed over', async () => {
    expect(await cutText('\ufeffa\n\n\r\nb\n\n')).toEqual([
      [1, ['a']],
      [4, ['b']],
    ]);
  });

  test.each([
    ['a quote that is never closed', 'a,"b\nc,d\ne,f\n'],
    ['a quote that is closed in another row', 'a,"b\nc,d\n"e",f\n'],
    ['text behind a closing quote', 'a,"b"x\nc,d\ne,f\n'],
    ['a quote inside a cell', 'a,b"c"\nc,d\ne,f\n'],
    ['a byte that is not UTF-8', 'a,b\xff\nc,d\ne,f\n'],
    ['a byte that is not UTF-8 inside quotes', 'a,"b\xff"\nc,d\ne,f\n'],
  ])('with %s is a fault, and the rows behind it are still read', async (_, text) => {
    const code = text.includes('\xff') ? 'encoding' : 'quoting';
    expect(await cut([Buffer.from(text, 'latin1')])).toEqual([
      [1, code],
      [2, ['c', 'd']],
      [3, ['e', 'f']],
    ]);
  });

  test('of more than 64 kB are faults and are not kept, however they are made', async () => {
    const long = 'x'.repeat(RECORD_BYTES_MAX + 1);
    const commas = ','.repeat(5 * RECORD_BYTES_MAX);
    const quoted = `"${'x\n'.repeat(RECORD_BYTES_MAX)}"`;
    expect(await cutText(`a\n${long}\nb\n${commas}\nc\n`)).toEqual([
      [1, ['a']],
      [2, 'length'],
      [3, ['b']],
      [4, 'length'],
      [5, ['c']],
    ]);
    const [first, second] = await cutText(`${quoted}\na\n`);
    expect([first, second]).toEqual([
      [1, 'length'],
      [RECORD_BYTES_MAX + 2, ['a']],
    ]);
  });

  test('are the same however the file is cut into pieces', async () => {
    const part = fc.constantFrom('a', ',', '"', '""', '\n', '\r\n', '\r', '\ufeff', 'é', '\u{1f600}', 'x,"y');
    const files = fc.array(part, { maxLength: 40 }).map((parts) => Buffer.from(parts.join('')));
    const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(files, sizes, async (file, pieceSizes) => {
        const pieces: Buffer[] = [];
        for (let at = 0, turn = 0; at < file.length; turn++) {
          const size = pieceSizes[turn % pieceSizes.length]!;
          pieces.push(file.subarray(at, at + size));
          at += size;
        }
        expect(await cut(pieces)).toEqual(await cut([file]));
        expect(await cut(pieces, 'ndjson')).toEqual(await cut([file], 'ndjson'));
      }),
      { numRuns: 1_000 },
    );
  });

  test('of a file of nothing but commas take up no more memory than a piece of it', async () => {
    const piece = Buffer.alloc(64 * 1024, ',');
    const pieces = (function* () {
      for (let count = 0; count < 2_000; count++) yield piece;
    })();
    const before = process.memoryUsage().rss;
    const told: number[] = [];
    for await (const records of recordsOf(pieces as unknown as AsyncIterable<Buffer>, 'csv')) {
      told.push(...records.map(({ line }) => line));
    }
    expect(told).toEqual([1]);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  });
});

describe('the lines of an NDJSON', () => {
  test('are cut at LF alone, whatever quotes are in them', async () => {
    expect(await cutText('{"a":"b\\"c"}\n"x\n\n{}', 'ndjson')).toEqual([
      [1, '{"a":"b\\"c"}'],
      [2, '"x'],
      [4, '{}'],
    ]);
  });

  test('of more than 64 kB are faults, the last one too', async () => {
    const long = 'x'.repeat(3 * RECORD_BYTES_MAX);
    expect(await cutText(`{}\n${long}\n[]\n${long}`, 'ndjson')).toEqual([
      [1, '{}'],
      [2, 'length'],
      [3, '[]'],
      [4, 'length'],
    ]);
  });
});
