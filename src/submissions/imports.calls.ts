import { exampleOf } from '../api/call-examples.js';
import { PROGRAMME_ID } from '../api/parameters.js';
import { PERSONAL_DATA_OVERRIDE } from '../api/call-headers.js';
import type { CallSpec, Content, Problems } from '../api/call-spec.js';
import { refTo } from '../api/json-schema.js';
import { ImportQueryDto, ImportReceiptView } from './imports.dto.js';
import { IMPORT_LINES } from './imports.views.js';
import { OutcomeDto } from './submissions.dto.js';

const CSV: Content = {
  schema: {
    type: 'string',
    description:
      'A first line of column names, in any order, and one outcome on each row: `measure`, `from` and `basis`, ' +
      'and as they are needed `quantity`, `numerator`, `denominator`, `percent`, `organisation`, `to`, ' +
      '`range_low`, `range_high`, `evidence_title`, `evidence_uri`, `evidence_sha256` and `note`.',
  },
  example:
    'measure,quantity,organisation,from,to,basis,evidence_title\n' +
    'patients-benefited,1200,wessex,2023-04-01,2023-06-30,counted,Quarter 1 return\n' +
    'investment-leveraged,25000000,,2023-09-14,,counted,Grant agreement\n',
};

const NDJSON: Content = {
  schema: { type: 'string', description: 'An outcome in JSON on each line, as in a submission.' },
  itemSchema: refTo(OutcomeDto),
  example:
    '{"measure":"patients-benefited","quantity":1200,"effective":{"from":"2023-04-01","to":"2023-06-30"},"basis":"counted"}\n' +
    '{"measure":"commissioners-launched","percent":"87.5","effective":{"from":"2024-03-31"},"basis":"self-reported"}\n',
  dtos: [OutcomeDto],
};

const RECEIPT = exampleOf(ImportReceiptView) as ImportReceiptView;

const PROGRESS: Content = {
  schema: {
    type: 'string',
    description:
      'What the import does, one JSON object on each line; the last has the receipt or the problem.',
  },
  itemSchema: { type: 'object', anyOf: IMPORT_LINES.map(refTo) },
  example: [
    { phase: 'checking', rows: RECEIPT.rows },
    { phase: 'recording', rows: RECEIPT.rows, of: RECEIPT.rows },
    { phase: 'done', receipt: RECEIPT },
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join(''),
  dtos: IMPORT_LINES,
};

const NOT_RECEIVED: Problems = {
  400: ['malformed-json'],
  404: ['programme-unknown'],
  408: ['too-slow'],
  413: ['too-large'],
};

export const importFile = {
  may: { programme: 'in-path' },
  summary: 'Import a file of outcomes, of any size',
  description:
    'The whole file is checked first: if a row is wrong nothing of it is recorded, and every bad row is named ' +
    'with its line. Sending the same file again adds what is not recorded yet, and counts nothing twice.',
  params: { id: PROGRAMME_ID },
  query: ImportQueryDto,
  headers: [PERSONAL_DATA_OVERRIDE],
  body: { 'application/x-ndjson': NDJSON, 'text/csv': CSV },
  answers: {
    200: {
      says: 'Nothing new was recorded: a dry run, or a file that was imported before.',
      view: ImportReceiptView,
      example: { ...RECEIPT, recorded: 0, repeated: RECEIPT.rows },
    },
    201: { says: 'What was not recorded yet is.', view: ImportReceiptView },
  },
  problems: { ...NOT_RECEIVED, 422: ['invalid-file'] },
} satisfies CallSpec<ImportReceiptView>;

export const importWithProgress = {
  ...importFile,
  summary: 'Import a file of outcomes, and follow how far it is',
  description:
    'The same, answered line by line as it goes on. What is wrong with the file is told on the last line.',
  answers: {
    200: {
      says: 'The file was received. The last line has the receipt, or what is wrong.',
      content: { 'application/x-ndjson': PROGRESS },
      headers: ['X-Accel-Buffering'],
    },
  },
  problems: NOT_RECEIVED,
} satisfies CallSpec;
