/**
 * Every call of the OpenAPI document, asked with what the document allows and with each single thing that it does not.
 * What is allowed is accepted, unless a rule that no schema can say forbids it: those are named here. What is not is
 * refused at its place. Nothing is a fault of the server, and what was refused leaves no event.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ProblemDocument } from '../../src/api/problem.views.js';
import { CheckedLedger, KEY, OUTCOME_ID, pathOf, SUBMISSIONS } from '../support/checked-ledger.js';
import type { Operation } from '../support/contract.js';
import { makeKey } from '../support/keys.js';
import { textsAgainst, variationsOf, violationsOf, type Schema } from '../support/derived-inputs.js';
import type { Answer } from '../support/ledger.js';
import { Watch } from '../support/refusals.js';

let ledger: CheckedLedger;
let watch: Watch;
let keyId: string;
beforeAll(async () => {
  ledger = await CheckedLedger.start();
  for (const id of ['registerProgramme', 'defineMeasure']) {
    await ledger.post(pathOf(ledger.operation(id)), ledger.shown(id)[0]);
  }
  await ledger.post(SUBMISSIONS, ledger.shown('submitOutcomes')[0], { 'idempotency-key': KEY });
  keyId = (await makeKey(ledger.ledger, { role: 'reporter' })).id;
  watch = await Watch.over(ledger.ledger);
});
afterAll(() => ledger.remove());

interface Asked {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** The call as the document shows it, with some of it replaced. */
async function ask(operation: Operation, asked: Asked = {}): Promise<Answer<ProblemDocument>> {
  const shown = (place: string) =>
    Object.fromEntries(
      operation.parameters
        .filter((parameter) => parameter.in === place && parameter.required)
        .map(({ name, examples }) => [name, examples!['example']!.value as string]),
    );
  const query = new URLSearchParams({ ...shown('query'), ...asked.query });
  const path = pathOf(operation, { id: pathId(operation), ...asked.path });
  const body = 'body' in asked ? asked.body : shownBody(operation);
  return ledger.ledger.call(operation.method, query.size > 0 ? `${path}?${query.toString()}` : path, {
    headers: { ...ofFile(operation), ...shown('header'), ...asked.headers },
    ...(body !== undefined && { body }),
  });
}

const pathId = ({ template }: Operation) =>
  ({
    keys: keyId,
    outcomes: OUTCOME_ID,
    submissions: KEY,
    measures: 'feno-tests',
    organisations: 'wessex',
    audit: '3',
  })[template.split('/')[2]!] ?? 'lipid-management';

const operations = () => ledger.contract.operations;
const jsonSchemaOf = ({ body }: Operation) => body?.['application/json']?.schema as Schema | undefined;

const ofFile = ({ body }: Operation) => (body?.['text/csv'] ? { 'content-type': 'text/csv' } : {});

function shownBody(operation: Operation): unknown {
  if (jsonSchemaOf(operation)) return ledger.shown(operation.id)[0];
  return operation.body?.['text/csv']?.examples!['example']!.value;
}

function resolve(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  return ledger.document.components!.schemas![schema.$ref.split('/').at(-1)!] as Schema;
}

/** What is not as it must be, collected: one line each says more than the first that failed. */
class Faults {
  readonly lines: string[] = [];
  asked = 0;

  async refused(what: string, { status, text, body }: Answer<ProblemDocument>, statuses: readonly number[]) {
    this.asked++;
    const said = `${what}: ${status} ${text.slice(0, 300)}`;
    if (!statuses.includes(status) || !body?.type.startsWith('urn:')) this.lines.push(said);
    await watch.nothingRecorded();
  }
}

test('a body that breaks its schema in one place is refused, and told that place', async () => {
  const faults = new Faults();
  for (const operation of operations()) {
    const schema = jsonSchemaOf(operation);
    if (!schema) continue;
    const [valid] = ledger.shown(operation.id);
    for (const { name, pointer, value } of violationsOf(schema, valid, resolve)) {
      const answer = await ask(operation, {
        body: JSON.stringify(value),
        headers: { 'content-type': 'application/json' },
      });
      await faults.refused(`${operation.id} ${name}`, answer, [400, 422]);
      const pointers = (answer.body?.errors ?? []).map((error) => error.pointer ?? '');
      if (!pointers.includes(pointer))
        faults.lines.push(`${operation.id} ${name} is told at ${pointers.join()}`);
    }
  }
  expect(faults.lines).toEqual([]);
  expect(faults.asked).toBeGreaterThan(400);
});

test('a parameter that breaks its schema is refused, and so is one that is missing, doubled or unheard of', async () => {
  const faults = new Faults();
  for (const operation of operations()) {
    for (const { name, in: place, required, schema } of operation.parameters) {
      const said = (what: string) => `${operation.id} ${name} ${what}`;
      // A path is text: one that is too odd leads nowhere.
      const statuses = place === 'path' ? [400, 404] : [400];
      for (const [what, text] of parametersAgainst(schema)) {
        const asked = { [place === 'header' ? 'headers' : place]: { [name]: encoded(place, text) } };
        await faults.refused(said(what), await ask(operation, asked), statuses);
      }
      if (required && place !== 'path') {
        await faults.refused(said('missing'), await askWithout(operation, name), [400]);
      }
    }
    if (operation.parameters.some((parameter) => parameter.in === 'query')) {
      const path = pathOf(operation, { id: pathId(operation) });
      for (const query of [
        'unheardOf=1',
        'minSequence=1&minSequence=1',
        'limit=1&limit=2',
        '%00=1',
        '__proto__=1',
      ]) {
        const name = query.split('=', 1)[0]!;
        const known = operation.parameters.some((parameter) => parameter.name === name);
        if (!known && query.includes('&')) continue;
        const answer = await ledger.ledger.call<ProblemDocument>(operation.method, `${path}?${query}`);
        await faults.refused(`${operation.id} ?${query}`, answer, [400]);
      }
    }
  }
  expect(faults.lines).toEqual([]);
  expect(faults.asked).toBeGreaterThan(200);
});

test('a method that is not declared is refused with those that are', async () => {
  const faults = new Faults();
  const templates = new Set(operations().map(({ template }) => template));
  for (const template of templates) {
    const declared = operations().filter((operation) => operation.template === template);
    const names = declared.map(({ method }) => method);
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      if (names.includes(method)) continue;
      const path = pathOf(declared[0]!, { id: pathId(declared[0]!) });
      const answer = await ledger.ledger.call<ProblemDocument>(method, path);
      await faults.refused(`${method} ${template}`, answer, [405]);
      const allowed = answer.headers.get('allow')?.split(', ') ?? [];
      if (!names.every((name) => allowed.includes(name)))
        faults.lines.push(`${method} ${template}: ${allowed.join()}`);
    }
  }
  expect(faults.lines).toEqual([]);
});

test('a body of another type, or none, is refused', async () => {
  const faults = new Faults();
  for (const operation of operations().filter(({ body }) => body)) {
    const odd = { body: '{}', headers: { 'content-type': 'application/xml' } };
    await faults.refused(`${operation.id} as XML`, await ask(operation, odd), [415]);
    if (!jsonSchemaOf(operation)) continue;
    await faults.refused(
      `${operation.id} without a body`,
      await ask(operation, { body: undefined }),
      [400, 415],
    );
  }
  expect(faults.lines).toEqual([]);
});

/** What the document allows and a rule refuses: schemas say nothing of what members are to each other. */
const BY_RULES = [
  'readBundle ?asAtSequence=0: 400 range',
  'readBundle ?allowBreaks=true: 400 range',
  'readBundle ?allowBreaks=false: 400 range',
  'readBundle ?whole=true: 400 range',
  'readBundle ?whole=false: 400 range',
  'proveEvent ?treeSize=1: 400 range',
  ...['/role reporter', '/role auditor', '/role steward', '/role admin', 'without /programmes'].map(
    (what) => `createKey ${what}: 422 key-programmes-do-not-fit-role`,
  ),
  'correctOutcome without /quantity: 422 urn:outcome-ledger:problem:nothing-to-correct',
  'submitOutcomes with /outcomes/0/bounds: 422 bounds-exclude-quantity',
  'submitOutcomes without /outcomes/0/quantity: 422 quantity-does-not-fit-kind',
];

test('whatever the document allows is accepted, or refused by a rule that no schema can say', async () => {
  const refused: string[] = [];
  // What ends a programme or a key comes last: nothing can be done with it afterwards.
  const ends = ({ id }: Operation) => Number(['closeProgramme', 'reopenProgramme', 'revokeKey'].includes(id));
  for (const operation of [...operations()].sort((one, other) => ends(one) - ends(other))) {
    // A live stream is accepted and has no end.
    if (operation.responses['200']?.content['text/event-stream']) continue;
    for (const [name, asked] of allowedIn(operation)) {
      const { status, body } = await ask(operation, { ...asked, ...(await anew(operation, asked)) });
      if (status >= 300)
        refused.push(
          `${operation.id} ${name}: ${status} ${(body.errors ?? []).map((e) => e.code).join() || body.type}`,
        );
    }
  }
  expect(refused).toEqual(BY_RULES);
});

let registered = 0;

/** Each is asked of something new: what was done to one before is no reason to refuse the next. */
async function anew({ id, template }: Operation, { body }: Asked): Promise<Asked> {
  const key = crypto.randomUUID();
  const name = `New ${++registered}`;
  if (['registerProgramme', 'registerOrganisation'].includes(id))
    return { body: { ...(body as object), id: `new-${key}`, name } };
  if (id === 'createKey') return { body: { ...(body as object), name } };
  if (id === 'submitOutcomes') return { headers: { 'Idempotency-Key': key } };
  if (id === 'defineMeasure') {
    const own = { id: `m-${key}`, label: name, eventType: `M${key.replaceAll('-', '')}` };
    return { body: { ...(body as object), ...own } };
  }
  if (template.startsWith('/v1/keys/{id}/')) {
    const shown = ledger.shown('createKey')[0]!;
    const { body: made } = await ask(ledger.operation('createKey'), { body: { ...shown, name } });
    return { path: { id: (made as unknown as { id: string }).id } };
  }
  if (!template.startsWith('/v1/outcomes/{id}/')) return {};
  await ledger.post(SUBMISSIONS, ledger.shown('submitOutcomes')[0], { 'idempotency-key': key });
  const path = { id: `${key}.1` };
  if (id !== 'reinstateOutcome') return { path };
  const first = { 'if-match': '"0"' };
  await ledger.post(`/v1/outcomes/${key}.1/withdrawal`, { reason: 'twice' }, first);
  return { path, headers: { 'If-Match': '"1"' } };
}

function* allowedIn(operation: Operation): Generator<[name: string, asked: Asked]> {
  const schema = jsonSchemaOf(operation);
  if (schema) {
    const [shown] = ledger.shown(operation.id);
    for (const { name, value } of variationsOf(schema, shown, resolve)) yield [name, { body: value }];
  }
  for (const { name, in: place, schema: given } of operation.parameters) {
    const {
      type,
      enum: values = type === 'boolean' ? ['true', 'false'] : [],
      minimum,
      examples,
    } = given as Schema;
    if (place !== 'query') continue;
    const allowed = [...values, ...(examples ?? []), ...(minimum === undefined ? [] : [minimum])];
    for (const value of allowed) yield [`?${name}=${String(value)}`, { query: { [name]: String(value) } }];
  }
}

function* parametersAgainst(schema: Schema): Generator<[what: string, text: string]> {
  yield* textsAgainst(schema);
  if (schema.type === 'boolean')
    yield* ['', 'yes', '1', 'TRUE'].map((text): [string, string] => [`"${text}"`, text]);
  if (schema.type !== 'integer') return;
  for (const text of ['', 'x', '1.5', '1e3', '0x1', ' 1', '+1', '-1', '9007199254740992'])
    yield [`"${text}"`, text];
  if (schema.maximum !== undefined) yield ['above its most', String(schema.maximum + 1)];
  if (schema.minimum !== undefined) yield ['below its least', String(schema.minimum - 1)];
}

const encoded = (place: string, text: string) => (place === 'path' ? encodeURIComponent(text) : text);

function askWithout(operation: Operation, name: string): Promise<Answer<ProblemDocument>> {
  const parameters = operation.parameters.filter((parameter) => parameter.name !== name);
  const path = operation.parameters.filter((parameter) => parameter.in === 'path');
  return ask({ ...operation, parameters: [...new Set([...parameters, ...path])] });
}
