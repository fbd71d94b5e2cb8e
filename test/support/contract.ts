/**
 * The OpenAPI document as a contract: requests and answers must be as the document says.
 *
 * An answer keeps to it when its status, its content type and all its headers are declared for the call, the
 * required headers are there, and its body has the declared shape and no other field. A request that was accepted
 * must itself be one that the document allows.
 */
import type { OpenAPIObject } from '@nestjs/swagger';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { isCalendarDate, isInstant } from '../../src/kernel/financial-year.js';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

type Json = Readonly<Record<string, unknown>>;
type Examples = Readonly<Record<string, { readonly value: unknown }>>;
interface Parameter {
  readonly name: string;
  readonly description?: string;
  readonly examples?: Examples;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Json;
}
export interface Media {
  readonly schema: Json;
  readonly 'x-item-schema'?: Json;
  readonly examples?: Examples;
}
interface Response {
  readonly headers: Readonly<Record<string, { readonly $ref: string }>>;
  readonly content: Readonly<Record<string, Media>>;
}
export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly template: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly security?: readonly unknown[];
  readonly parameters: readonly Parameter[];
  readonly body?: Readonly<Record<string, Media>>;
  readonly responses: Readonly<Record<string, Response>>;
}

/** Headers that any HTTP server adds. */
const TRANSPORT = ['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'transfer-encoding'];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const PROBLEM = 'urn:outcome-ledger:problem:';

export function contractOf(document: OpenAPIObject): Contract {
  return new Contract(document);
}

export class Contract {
  readonly operations: readonly Operation[];
  private readonly seen = new Set<string>();
  private readonly valid: (schema: Json, value: unknown) => string | null;

  constructor(private readonly document: OpenAPIObject) {
    this.operations = operationsOf(document, (node) => this.resolve(node));
    this.valid = validatorOf(document);
  }

  /** @throws Error that says how an answer breaks the contract */
  check(method: string, path: string, answer: Answered, sent: Sent = {}): void {
    const operation = this.operationFor(method, path);
    const response = operation ? operation.responses[answer.status] : this.unlisted(answer.status);
    const at = `${method} ${path} ${answer.status}`;
    if (!response) throw new Error(`${at}: the status is not declared: ${answer.text.slice(0, 500)}`);
    this.checkHeaders(at, response, answer.headers);
    const type = contentType(answer.headers);
    if (Object.keys(response.content ?? {}).length === 0 && answer.text === '') return;
    const media = response.content[type];
    if (!media) throw new Error(`${at}: the content type ${type} is not declared`);
    const values = valuesIn(type, answer.text, media);
    for (const [schema, value] of values) {
      const fault = this.valid(schema, value);
      if (fault) throw new Error(`${at}: ${fault}: ${JSON.stringify(value).slice(0, 2_000)}`);
    }
    if (operation && answer.status < 300) this.checkSent(at, operation, path, sent);
    if (operation) this.note(operation, answer, type);
  }

  /**
   * Declared answers that no check has seen: `<operation> <status>`, and for problems `<operation> <status> <code>`.
   */
  unseen(): string[] {
    return this.operations.flatMap((operation) => declared(operation).filter((key) => !this.seen.has(key)));
  }

  /** Says how a value breaks a schema of the document; null where it does not. */
  fault(schema: Json, value: unknown): string | null {
    return this.valid(schema, value);
  }

  private note({ id }: Operation, { status, text }: Answered, type: string): void {
    this.seen.add(`${id} ${status} ${type}`);
    if (type !== 'application/problem+json') return;
    const { type: problem } = JSON.parse(text) as { type: string };
    this.seen.add(`${id} ${status} ${problem.slice(PROBLEM.length)}`);
  }

  private operationFor(method: string, path: string): Operation | undefined {
    const fits = this.operations.filter(({ method: ofOperation, template }) => {
      const parts = template.split('/');
      const asked = partsOf(path.split('?', 1)[0]!, template);
      return (
        ofOperation === method &&
        parts.length === asked.length &&
        parts.every((part, index) => part.startsWith('{') || part === asked[index])
      );
    });
    // A path without parameters goes before one with a parameter.
    return fits.sort((one, other) => one.template.split('{').length - other.template.split('{').length)[0];
  }

  private unlisted(status: number): Response | undefined {
    const name = { 400: 'BadAddress', 401: 'Unauthenticated', 404: 'NotFound', 405: 'MethodNotAllowed' }[
      status
    ];
    return name === undefined
      ? undefined
      : this.resolve<Response>({ $ref: `#/components/responses/${name}` });
  }

  private checkHeaders(at: string, response: Response, headers: Headers): void {
    const declaredNames = new Map(
      Object.entries(response.headers).map(([name, ref]) => [name.toLowerCase(), ref]),
    );
    for (const [name] of headers) {
      if (!declaredNames.has(name) && !TRANSPORT.includes(name)) {
        throw new Error(`${at}: the header ${name} is not declared`);
      }
    }
    for (const [name, ref] of declaredNames) {
      const { required, schema } = this.resolve<{ required?: boolean; schema: Json }>(ref);
      const value = headers.get(name);
      if (value === null && required) throw new Error(`${at}: the header ${name} is missing`);
      const fault = value !== null && this.valid(schema, asTyped(schema, value));
      if (fault) throw new Error(`${at}: the header ${name} is ${value}: ${fault}`);
    }
  }

  private checkSent(at: string, operation: Operation, path: string, { headers = {}, body }: Sent): void {
    const url = new URL(path, 'http://ledger');
    const parts = operation.template.split('/');
    const given = {
      path: Object.fromEntries(
        partsOf(url.pathname, operation.template).map((text, index) => [
          parts[index]!.slice(1, -1),
          decodeURIComponent(text),
        ]),
      ),
      query: Object.fromEntries(url.searchParams),
      header: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    };
    const names = operation.parameters
      .filter((parameter) => parameter.in === 'query')
      .map(({ name }) => name);
    const unknown = Object.keys(given.query).find((name) => !names.includes(name));
    if (unknown !== undefined && names.length > 0)
      throw new Error(`${at}: accepts ?${unknown}, which is not declared`);
    for (const { name, in: place, required, schema } of operation.parameters) {
      const value = given[place][place === 'header' ? name.toLowerCase() : name];
      if (value === undefined && required) throw new Error(`${at}: accepted without ${name}`);
      const fault = value !== undefined && this.valid(schema, asTyped(schema, value));
      if (fault) throw new Error(`${at}: accepts ${name} ${value}: ${fault}`);
    }
    const json = operation.body?.['application/json'];
    const fault = json && this.valid(json.schema, body);
    if (fault) throw new Error(`${at}: accepts a body that the document does not: ${fault}`);
  }

  private resolve<Node>(node: unknown): Node {
    const { $ref } = node as { $ref?: string };
    if ($ref === undefined) return node as Node;
    const found = $ref
      .split('/')
      .slice(1)
      .reduce<unknown>((at, name) => (at as Json)[name], this.document);
    if (found === undefined) throw new Error(`${$ref} leads nowhere`);
    return found as Node;
  }
}

/** The parts of an address; a parameter `{path}` at the end of its template takes the whole rest. */
function partsOf(address: string, template: string): string[] {
  const parts = address.split('/');
  const count = template.split('/').length;
  if (!template.endsWith('/{path}') || parts.length < count) return parts;
  return [...parts.slice(0, count - 1), parts.slice(count - 1).join('/')];
}

function operationsOf(document: OpenAPIObject, resolve: <Node>(node: unknown) => Node): Operation[] {
  return Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods as Readonly<Record<string, Json>>).map(([method, operation]) => ({
      ...(operation as unknown as Omit<Operation, 'id' | 'body'>),
      id: operation['operationId'] as string,
      method: method.toUpperCase(),
      template,
      ...(operation['requestBody'] !== undefined && {
        body: (operation['requestBody'] as { content: Readonly<Record<string, Media>> }).content,
      }),
      responses: Object.fromEntries(
        Object.entries(operation['responses'] as Json).map(([status, response]) => [
          status,
          resolve<Response>(response),
        ]),
      ),
    })),
  );
}

/** Compiles each schema once, strictly: an unknown keyword is an error. */
function validatorOf({ components }: OpenAPIObject): (schema: Json, value: unknown) => string | null {
  const ajv = new Ajv2020({
    strict: true,
    allowUnionTypes: true,
    allErrors: true,
    formats: { date: isCalendarDate, 'date-time': isInstant, uuid: UUID },
    keywords: ['components'],
  });
  const compiled = new Map<Json, ReturnType<typeof ajv.compile>>();
  return (schema, value) => {
    let validate = compiled.get(schema);
    if (!validate) {
      const schemas = { schemas: components!.schemas };
      compiled.set(schema, (validate = ajv.compile({ allOf: [schema], components: schemas })));
    }
    return validate(value) ? null : ajv.errorsText(validate.errors, { dataVar: '' });
  };
}

function valuesIn(type: string, text: string, media: Media): [schema: Json, value: unknown][] {
  const item = media['x-item-schema'];
  if (type.endsWith('json') && !item) return [[media.schema, JSON.parse(text)]];
  if (!item) return [[media.schema, text]];
  const lines = text.split('\n').filter((line) => line !== '');
  const items =
    type === 'text/event-stream'
      ? lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice('data: '.length))
      : lines;
  return items.map((line) => [item, JSON.parse(line)]);
}

/** The text of a parameter or a header as a value of its schema's type. */
function asTyped({ type }: Json, text: string): unknown {
  if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  return type === 'integer' && /^-?\d+$/.test(text) ? Number(text) : text;
}

function contentType(headers: Headers): string {
  return (headers.get('content-type') ?? '').split(';', 1)[0]!;
}

function declared({ id, responses }: Operation): string[] {
  return Object.entries(responses).flatMap(([status, { content }]) =>
    Object.entries(content).flatMap(([type, { examples = {} }]) =>
      type === 'application/problem+json'
        ? Object.keys(examples).map((code) => `${id} ${status} ${code}`)
        : [`${id} ${status} ${type}`],
    ),
  );
}
