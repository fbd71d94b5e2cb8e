/**
 * Clients that are typed by the OpenAPI document: a program that makes every call with openapi-fetch compiles without a
 * cast, by the types that openapi-typescript makes, and its answers have these types.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { contractOf, type Contract, type Media, type Operation } from '../support/contract.js';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';
import { ROOT } from '../support/pages.js';

let ledger: Ledger;
let document: OpenAPIObject;
let contract: Contract;
let dir: string;

beforeAll(async () => {
  ledger = await Ledger.start();
  const { text } = await ledger.call('GET', '/openapi.json');
  document = JSON.parse(text) as OpenAPIObject;
  contract = contractOf(document);
  // Below the packages, so that the programs find them.
  dir = mkdtempSync(join(ROOT, 'node_modules', '.typed-'));
  writeFileSync(join(dir, 'openapi.json'), text);
  const generator = join(ROOT, 'node_modules/openapi-typescript/bin/cli.js');
  execFileSync(process.execPath, [generator, 'openapi.json', '-o', 'ledger.d.ts'], { cwd: dir });
});
afterAll(async () => {
  await ledger.remove();
  rmSync(dir, { recursive: true });
});

const CLIENT = () => `import createClient from 'openapi-fetch';
import type { components, paths } from './ledger.js';
type Schemas = components['schemas'];
const client = createClient<paths>({
  baseUrl: '${ledger.url}',
  headers: { authorization: 'Bearer ${ADMIN_KEY}' },
});
`;

/** What someone writes who records an outcome, reads the ledger to its end, and makes a headline. */
const REPORT = `
const programme = 'lipid-management';
await client.POST('/v1/programmes', { body: { id: programme, name: 'Lipids', startedOn: '2020-04-01' } });
const { data: receipt } = await client.POST('/v1/programmes/{id}/submissions', {
  params: { path: { id: programme }, header: { 'Idempotency-Key': '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f' } },
  body: {
    outcomes: [
      { measure: 'jobs-created', quantity: 12, effective: { from: '2023-04-01' }, basis: 'counted' },
    ],
  },
});
const asked = { measure: 'jobs', allowBreaks: true, minSequence: receipt?.sequence ?? 0 };
const { data: annual, error } = await client.GET('/v1/totals/annual', { params: { query: asked } });
if (error) throw new Error(error.detail);
const { data: since } = await client.GET('/v1/totals/since', { params: { query: asked } });
const types: string[] = [];
for (let after = -1; ; ) {
  const query = after < 0 ? { limit: 20 } : { limit: 20, after };
  const { data: page } = await client.GET('/v1/events', { params: { query } });
  for (const event of page?.events ?? []) types.push(event.type);
  if (page?.next == null) break;
  after = page.next;
}
const year = annual.years.find(({ financialYear }) => financialYear === '2023-24');
console.log(year?.amount, since?.amount, types.length, types.at(-1));
`;

/** Compiles these programs of a client, strictly. @returns what the compiler says */
function compiled(programs: Readonly<Record<string, string>>): string[] {
  const files = Object.entries(programs).map(([name, program]) => {
    writeFileSync(join(dir, name), CLIENT() + program);
    return join(dir, name);
  });
  const program = ts.createProgram(files, {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: [],
  });
  program.emit();
  return ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => {
    const line = file?.text.slice(0, start).split('\n').at(-1);
    return `${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

/** A call with the examples of all that it takes; its answer is taken as what the document says that it is. */
function callOf({ id, method, template, parameters, body, responses }: Operation): string {
  const given = (place: string) => {
    const ofPlace = parameters.filter((parameter) => parameter.in === place);
    const members = ofPlace.map(({ name, schema, examples }) => [
      name,
      examples?.['example']?.value ?? sampleOf(schema),
    ]);
    return ofPlace.length === 0 ? {} : { [place]: Object.fromEntries(members) as object };
  };
  const [sent] = Object.values(body ?? {});
  const [example] = Object.values(sent?.examples ?? {});
  const init = {
    params: { ...given('path'), ...given('query'), ...given('header') },
    ...(example && { body: example.value }),
  };
  const [{ schema }] = successes(responses).flatMap(({ content }) => Object.values(content)) as [Media];
  const type = typeOf(schema);
  const parsed = type === 'string' ? `, parseAs: 'text'` : '';
  return (
    `export async function ${id}(): Promise<${type} | undefined> {\n` +
    `  const { data } = await client.${method}('${template}', { ...${JSON.stringify(init)}${parsed} });\n` +
    `  return data;\n}\n`
  );
}

const successes = (responses: Operation['responses']) =>
  Object.entries(responses).flatMap(([status, response]) => (status < '300' ? [response] : []));

function typeOf({ $ref, type }: { readonly $ref?: string; readonly type?: string }): string {
  if ($ref !== undefined) return `Schemas['${$ref.split('/').at(-1)}']`;
  return type === 'string' ? 'string' : 'unknown';
}

const SAMPLES: Readonly<Record<string, unknown>> = { boolean: true, integer: 1, string: 'text' };

function sampleOf({ type, enum: values }: { readonly type?: string; readonly enum?: readonly unknown[] }) {
  return values ? values[0] : SAMPLES[type!];
}

test('a program that makes every call, and one of someone who writes a report, compile and tell the truth', async () => {
  const calls = contract.operations.map(callOf).join('');
  expect(compiled({ 'calls.mts': calls, 'report.mts': REPORT })).toEqual([]);
  const { stdout } = await promisify(execFile)(process.execPath, [join(dir, 'report.mjs')]);
  const count = Number((await ledger.call('GET', '/health/live')).headers.get('ledger-sequence')) + 1;
  expect(stdout).toBe(`12 12 ${count} JobCreated\n`);
});

test('an operation answers one shape, whatever the status of its success', () => {
  // The files of the page at /docs are told apart by their names.
  for (const { id, responses } of contract.operations.filter((one) => one.id !== 'readDocsFile')) {
    const contents = successes(responses).flatMap(({ content }) => Object.entries(content));
    const shapes = new Set(contents.map(([type, { schema }]) => `${type} ${typeOf(schema)}`));
    expect([id, [...shapes]]).toEqual([id, [expect.anything()]]);
  }
});

test('the `next` of a page is of the type of the `after` that it is sent as', () => {
  let count = 0;
  for (const { id, parameters, responses } of contract.operations) {
    const after = parameters.find(({ name }) => name === 'after');
    const schema = responses['200']?.content['application/json']?.schema as { $ref?: string } | undefined;
    if (!after || !schema?.$ref) continue;
    const view = document.components!.schemas![schema.$ref.split('/').at(-1)!];
    const { next } = (view as unknown as { properties: { next: { type: unknown; pattern?: string } } })
      .properties;
    expect([id, next.type, next.pattern]).toEqual([
      id,
      [after.schema['type'], 'null'],
      after.schema['pattern'],
    ]);
    count++;
  }
  expect(count).toBeGreaterThan(6);
});
