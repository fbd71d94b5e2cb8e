import { describe, expect, test } from '@jest/globals';
import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ListOf } from '../../src/api/answers.js';
import { Call } from '../../src/api/call.js';
import { exampleOf } from '../../src/api/call-examples.js';
import { Describe, Nested, Nullable, Optional, Slug, WholeNumber } from '../../src/api/decorators.js';
import { SECURITY_HEADERS } from '../../src/http/protection.js';
import { openApiOf } from '../../src/api/openapi.js';
import { contractOf, type Contract } from '../support/contract.js';

class Part {
  @Describe('Its name.', 'a-part')
  @Slug()
  name!: string;
}

class Whole {
  @Describe('How many.', 2)
  @WholeNumber({ min: 0 })
  count!: number;

  @Nullable('The first.')
  @Nested(() => Part)
  first!: Part | null;

  @Describe('All of them.')
  @ListOf(() => Part)
  parts!: Part[];

  @Optional('Anything else.')
  @Slug()
  note?: string;
}

class Question {
  @Optional('Of which kind.', 'a-kind')
  @Slug()
  kind?: string;
}

const answers = { 200: { says: 'It.', view: Whole } };
const spec = { tag: 'Operation', may: { auditor: true }, summary: 'Ask for the whole', answers } as const;
const whole = { count: 2, first: null, parts: [{ name: 'a-part' }] };

describe('an example of a DTO', () => {
  test('is made of the examples of its fields, and of the DTOs that it nests', () => {
    const part = { name: 'a-part' };
    expect(exampleOf(Whole)).toEqual({ count: 2, first: part, parts: [part] });
  });

  test('cannot be forgotten for a required field', () => {
    class Forgotten {
      @Slug() id!: string;
    }
    expect(() => exampleOf(Forgotten)).toThrow('Forgotten.id has no example: say Describe');
  });
});

describe('a call', () => {
  test('that is said to take something else than its handler does is an error when the class is loaded', () => {
    const load = (body: typeof Part | typeof Whole) => () => {
      class Loaded {
        @Call({ ...spec, body })
        send(@Body() _part: Part, @Query() _question: Question): Whole {
          return whole;
        }
      }
      return Loaded;
    };
    expect(load(Part)).toThrow('send takes Part and Question, but is said to take Part');
    expect(load(Whole)).toThrow('send takes Part and Question, but is said to take Whole');
  });
});

test('a handler that answers something else than its call says does not compile', () => {
  class Wrong {
    // @ts-expect-error: a part is not the whole
    @Call({ ...spec })
    read(): Part {
      return { name: 'a-part' };
    }
  }
  expect(Wrong).toBeDefined();
});

describe('the contract of a document', () => {
  @Controller('things')
  class Things {
    @Get()
    @Call({ ...spec, query: Question })
    list(@Query() _question: Question): Whole {
      return whole;
    }

    @Post()
    @Call({ ...spec, body: Part, problems: { 409: ['programme-exists'] } })
    send(@Body() _part: Part): Whole {
      return whole;
    }
  }
  class Root {}

  const security = Object.fromEntries(SECURITY_HEADERS);
  const stamped = { 'ledger-sequence': '41', 'x-request-id': 'r-1', date: 'now', ...security };
  const json = { ...stamped, 'content-type': 'application/json; charset=utf-8' };
  const good = { status: 200, headers: new Headers(json), text: JSON.stringify(whole) };
  const problem = (code: string, status: number) => ({
    status,
    headers: new Headers({ ...stamped, 'content-type': 'application/problem+json' }),
    text: JSON.stringify({
      type: `urn:outcome-ledger:problem:${code}`,
      title: 't',
      status,
      detail: 'd',
      instance: 'urn:request:r-1',
    }),
  });

  async function contract(): Promise<Contract> {
    const root = { module: Root, controllers: [Things] };
    const app = await NestFactory.create(root, new FastifyAdapter(), { logger: false });
    const document = openApiOf(app);
    await app.close();
    return contractOf(document);
  }

  test('is kept by what the document says', async () => {
    const things = await contract();
    things.check('GET', '/things?kind=a-kind', good);
    things.check('POST', '/things', good, { body: { name: 'a-part' } });
    things.check('POST', '/things', problem('programme-exists', 409));
    things.check('GET', '/nothing', problem('not-found', 404));
    const unseen = things.unseen().filter((key) => !key.startsWith('send'));
    expect(unseen).not.toContain('list 200 application/json');
    expect(unseen).toContain('list 400 bad-query');
  });

  test.each<[string, [string, string], object, object?]>([
    ['a status', ['GET', '/things'], { status: 201 }],
    [
      'a content type',
      ['GET', '/things'],
      { headers: new Headers({ ...json, 'content-type': 'text/html' }) },
    ],
    ['a header more', ['GET', '/things'], { headers: new Headers({ ...json, etag: '"0"' }) }],
    ['a header less', ['GET', '/things'], { headers: new Headers({ 'content-type': 'application/json' }) }],
    ['an empty header', ['GET', '/things'], { headers: new Headers({ ...json, 'ledger-sequence': '' }) }],
    ['a wrong header', ['GET', '/things'], { headers: new Headers({ ...json, 'ledger-sequence': '-2' }) }],
    ['a field more', ['GET', '/things'], { text: JSON.stringify({ ...whole, more: 1 }) }],
    ['a field less', ['GET', '/things'], { text: JSON.stringify({ count: 2, first: null }) }],
    ['a nested field', ['GET', '/things'], { text: JSON.stringify({ ...whole, parts: [{ name: 'A' }] }) }],
    ['a problem of another call', ['GET', '/things'], problem('programme-exists', 409)],
    ['a problem of another status', ['POST', '/things'], problem('programme-exists', 422)],
    ['an unknown problem', ['POST', '/things'], problem('something-else', 409)],
    ['an undeclared parameter', ['GET', '/things?sort=name'], {}],
    ['a wrong parameter', ['GET', '/things?kind=A'], {}],
    ['an accepted body', ['POST', '/things'], {}, { body: { name: 'A' } }],
    ['an address', ['GET', '/nothing'], {}],
  ])('is broken by %s that the document does not say', async (_what, [method, path], change, sent = {}) => {
    const answer = { ...good, ...change };
    const body = method === 'POST' ? { body: { name: 'a-part' }, ...sent } : {};
    const things = await contract();
    expect(() => things.check(method, path, answer, body)).toThrow(`${method} ${path}`);
  });
});
