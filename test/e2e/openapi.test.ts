import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Validator, type SpecData } from '@seriousme/openapi-schema-validator';
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../src/kernel/canonical-json.js';
import { contractOf, type Contract } from '../support/contract.js';
import { contradictions } from '../support/consistent.js';
import { Ledger } from '../support/ledger.js';
import { servedRoutes } from '../support/served-routes.js';

let ledger: Ledger;
let text: string;
let document: OpenAPIObject;
let contract: Contract;

beforeAll(async () => {
  ledger = await Ledger.start();
  ({ text } = await ledger.call('GET', '/openapi.json'));
  document = JSON.parse(text) as OpenAPIObject;
  contract = contractOf(document);
});
afterAll(() => ledger.remove());

describe('the OpenAPI document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(JSON.parse(text) as SpecData);
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
    expect(document.openapi).toBe('3.1.0');
  });

  test('has every route of the server, and no other', async () => {
    const described = contract.operations.map(({ method, template }) => `${method} ${template}`);
    expect(described.sort()).toEqual((await servedRoutes()).sort());
  });

  test('is the same after a restart, byte for byte', async () => {
    await ledger.stop();
    await ledger.start();
    expect((await ledger.call('GET', '/openapi.json')).text).toBe(text);
  });

  test('can be read without a key, and says which calls need one', async () => {
    const open = contract.operations.filter(({ security }) => security?.length === 0);
    expect(open.map(({ template }) => template).sort()).toEqual([
      '/docs',
      '/docs/{file}',
      '/health/live',
      '/health/ready',
      '/openapi.json',
    ]);
    for (const { method, template, parameters } of contract.operations) {
      const path = template.replaceAll(/\{(\w+)\}/g, (_, name) => exampleOf(parameters, name as string));
      const response = await fetch(ledger.url + path, { method });
      const needsNone = open.some((operation) => operation.template === template);
      expect({ template, unauthenticated: response.status === 401 }).toEqual({
        template,
        unauthenticated: !needsNone,
      });
      await response.arrayBuffer();
    }
  });

  test('names each call once, and says what it is for, what it takes and what it answers', () => {
    const { operations } = contract;
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
    for (const { id, summary, tags, parameters, body, responses } of operations) {
      const undescribed = parameters.filter(({ description }) => !description).map(({ name }) => name);
      const contents = [body ?? {}, ...Object.values(responses).map(({ content }) => content)];
      const schemaless = contents
        .flatMap((content) => Object.values(content))
        .filter(({ schema }) => !schema);
      const told = { summary: summary.length > 10, tags: tags.length };
      expect({ id, undescribed, schemaless, ...told }).toEqual({
        id,
        undescribed: [],
        schemaless: [],
        summary: true,
        tags: 1,
      });
    }
  });

  test('describes every field of every shape, and uses every component', () => {
    for (const [name, schema] of Object.entries(document.components!.schemas!)) {
      const fields = Object.entries(
        (schema as { properties: Record<string, { description?: string }> }).properties,
      );
      const undescribed = fields.filter(([, { description }]) => !description).map(([field]) => field);
      expect({ name, undescribed }).toEqual({ name, undescribed: [] });
    }
    for (const kind of ['schemas', 'headers'] as const) {
      const names = Object.keys(document.components![kind]!);
      const unused = names.filter((name) => !text.includes(`"#/components/${kind}/${name}"`));
      expect({ kind, unused }).toEqual({ kind, unused: [] });
    }
  });

  test('gives examples, each of which has the shape that it is an example of', () => {
    let count = 0;
    for (const { id, body = {}, responses, parameters } of contract.operations) {
      const contents = [body, ...Object.values(responses).map(({ content }) => content)];
      const media = contents.flatMap((content) => Object.entries(content));
      for (const [type, { schema, examples = {} }] of [
        ...media,
        ...parameters.map((one) => [one.name, one] as const),
      ]) {
        if (type.endsWith('json') && id !== 'readOpenApi')
          expect({ id, type, examples }).not.toEqual({ id, type, examples: {} });
        for (const [name, { value }] of Object.entries(examples)) {
          expect({ id, type, name, fault: contract.fault(schema, value) }).toEqual({
            id,
            type,
            name,
            fault: null,
          });
          expect({ id, name, wrong: contradictions(value) }).toEqual({ id, name, wrong: [] });
          count++;
        }
      }
    }
    expect(count).toBeGreaterThan(200);
  });

  test('gives examples of single fields that keep to them', () => {
    for (const [name, schema] of Object.entries(document.components!.schemas!)) {
      const { properties } = schema as { properties: Record<string, { examples?: unknown[] }> };
      for (const [field, property] of Object.entries(properties)) {
        for (const value of property.examples ?? []) {
          expect({ name, field, fault: contract.fault(property, value) }).toEqual({
            name,
            field,
            fault: null,
          });
        }
      }
    }
  });

  test('shows an event whose hashes are those of its facts and its words', async () => {
    const media = document.paths['/v1/events']!.get!.responses['200'] as unknown as {
      content: {
        'application/json': { examples: { example: { value: { events: [Record<string, string>] } } } };
      };
    };
    const [event] = media.content['application/json'].examples.example.value.events;
    const data = event['data'] as unknown as Record<string, unknown>;
    for (const part of ['facts', 'words']) {
      if (data[part] === undefined) continue;
      const salted = createHash('sha256').update(Buffer.from(event[`${part}salt`]!, 'base64url'));
      expect(event[`${part}hash`]).toBe(salted.update(canonicalJson(data[part])).digest('hex'));
    }
  });
});

describe('the page at /docs', () => {
  test('loads nothing but files of this server, each with its type', async () => {
    const page = await ledger.call('GET', '/docs');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.text).not.toMatch(/https?:|\/\/|<script>|\son\w+=|style=/);
    const types = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', png: 'image/png' };
    const files = [...page.text.matchAll(/(?:src|href)="(docs\/[^"]+\.(css|js|png))"/g)];
    expect(files).toHaveLength(5);
    for (const [, file, extension] of files) {
      const answer = await ledger.call('GET', `/${file}`);
      const type = answer.headers.get('content-type');
      expect({ file, status: answer.status, type }).toEqual({
        file,
        status: 200,
        type: types[extension as 'css'],
      });
    }
    const script = (await ledger.call('GET', '/docs/page.js')).text;
    expect(script).toContain("url: 'openapi.json'");
    expect(script).not.toMatch(/https?:/);
  });

  test('is told to the browser to need no inline script and nothing from elsewhere', async () => {
    const { headers } = await ledger.call('GET', '/docs');
    const policy = headers.get('content-security-policy')!.split('; ');
    expect(policy).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "connect-src 'self'"]),
    );
    expect(headers.get('content-security-policy')).not.toMatch(/https?:|\*|unsafe/);
  });

  test('gives no file but those of the page', async () => {
    for (const name of [
      'package.json',
      'index.html',
      '..',
      '%2e%2e',
      '..%2fpackage.json',
      'swagger-ui.css.map',
      'toString',
    ]) {
      const { status } = await ledger.call('GET', `/docs/${name}`);
      expect({ name, found: status === 200 }).toEqual({ name, found: false });
    }
  });
});

function exampleOf(parameters: Contract['operations'][number]['parameters'], name: string): string {
  const { examples } = parameters.find((parameter) => parameter.name === name)!;
  return examples!['example']!.value as string;
}
