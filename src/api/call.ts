/**
 * A call declares with `@Call` what it takes, what it answers and which problems it can meet. The decorator puts this
 * into the OpenAPI document, from the same DTO classes that check requests and type answers.
 *
 * Three things are checked: the compiler checks that the handler returns what the answers say; loading the class checks
 * that the handler takes the declared body and query; and test/e2e/openapi.test.ts checks that real answers keep to
 * all of it.
 */
import 'reflect-metadata';
import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiExtension, ApiHeader, ApiOperation, ApiParam } from '@nestjs/swagger';
import { ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Readable } from 'node:stream';
import { rolesOf, type Grants } from '../domain/role.js';
import { exampleOf, exampleOfField } from './call-examples.js';
import { ALWAYS_SENT, headersOf } from './call-headers.js';
import { problemAnswers } from './call-problems.js';
import type { CallSpec, Content, Tag } from './call-spec.js';
import type { Dto, JsonSchema } from './decorators.js';
import { refTo, schemaOf, statesRules } from './json-schema.js';

type Answered<View> = View | Readable | Buffer | string;
type CallDecorator<View> = <Handler extends (...args: never[]) => Answered<View> | Promise<Answered<View>>>(
  target: object,
  method: string,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The roles that may make the call of a route. A route without this value has no `@Call`. */
    readonly access?: RouteAccess;
  }
}

export interface RouteAccess {
  readonly id: string;
  /** The roles that may make the call; null where anyone may, without a key. */
  readonly may: Grants | null;
  readonly logged: boolean;
  /** The media types of its answers. */
  readonly answers: readonly string[];
}

const DTOS = Symbol('dtos');

/** Says to which part of the ledger all calls of a controller belong. */
export const Tagged = (tag: Tag): ClassDecorator => ApiTags(tag);

/** Declares what a route takes and answers. Clients name the call as its method is named. */
export function Call<View extends object>(spec: CallSpec<View>): CallDecorator<View> {
  return (target, method, descriptor) => {
    checkTakes(spec, target, method);
    Reflect.defineMetadata(DTOS, dtosOf(spec), descriptor.value!);
    const { may = null, logged = false } = spec;
    const access: RouteAccess = { id: method, may, logged, answers: mediaTypesOf(spec) };
    applyDecorators(RouteConfig({ access }), ...describe(spec))(target, method, descriptor);
  };
}

/** Returns the DTO classes to whose schemas a call refers. */
export function dtosOfCall(handler: object): readonly Dto[] {
  return (Reflect.getMetadata(DTOS, handler) as readonly Dto[] | undefined) ?? [];
}

/** Checks that the document names the DTOs which the handler is given by the types of its parameters. */
function checkTakes({ query, body }: CallSpec, target: object, method: string): void {
  const types = Reflect.getMetadata('design:paramtypes', target, method) as readonly unknown[];
  const taken = types.filter(statesRules);
  const declared = [query, body].filter(statesRules);
  if (taken.length !== declared.length || !declared.every((dto) => taken.includes(dto))) {
    const names = (dtos: readonly Dto[]) => dtos.map(({ name }) => name).join(' and ') || 'nothing';
    throw new Error(`${method} takes ${names(taken)}, but is said to take ${names(declared)}`);
  }
}

function mediaTypesOf({ answers }: CallSpec): string[] {
  const types = Object.values(answers).flatMap(({ view, content = {} }) => [
    ...(view ? ['application/json'] : []),
    ...Object.keys(content),
  ]);
  return [...new Set(types)];
}

function dtosOf({ body, answers }: CallSpec): Dto[] {
  const contents = Object.values(answers).flatMap(({ content = {} }) => Object.values(content));
  return [
    ...[body].filter(statesRules),
    ...Object.values(answers).flatMap(({ view }) => view ?? []),
    ...contents.flatMap(({ dtos = [] }) => dtos),
  ];
}

function describe(spec: CallSpec): MethodDecorator[] {
  const { tag, summary, description, params = {}, headers = [], body, may } = spec;
  return [
    ...(tag ? [ApiTags(tag)] : []),
    ApiOperation({
      summary,
      ...(description !== undefined && { description }),
      // Each role that may make the call is a requirement of its own: OpenAPI asks for any one of them.
      security: may ? rolesOf(may).map((role) => ({ key: [role] })) : [],
      ...(body && !statesRules(body) && { requestBody: { required: true, content: contentOf(body) } }),
    }),
    ...(may ? [ApiExtension('x-roles', shownGrants(may))] : []),
    ...Object.entries(params).map(([name, { description, schema, example }]) =>
      ApiParam({ name, description, schema, examples: valuesOf({ example }) }),
    ),
    ...queryParameters(spec),
    ...headers.map(({ name, description, required, schema, example }) =>
      ApiHeader({ name, description, required, schema, examples: valuesOf({ example }) }),
    ),
    ...requestBody(spec),
    ...answersOf(spec),
  ];
}

/** Says by role whether it may make the call for all programmes, or how it is kept to its own. */
function shownGrants(may: Grants): Record<string, string> {
  const kept = (role: string) => (role === 'programme' ? may.programme! : 'all');
  return Object.fromEntries(rolesOf(may).map((role) => [role, kept(role)]));
}

function queryParameters({ query }: CallSpec): MethodDecorator[] {
  if (!query) return [];
  const { properties, required } = schemaOf(query) as unknown as {
    readonly properties: Readonly<Record<string, JsonSchema>>;
    readonly required: readonly string[];
  };
  const asked = (name: string) => (required.includes(name) ? 0 : 1);
  const inOrder = Object.entries(properties).sort(([one], [other]) => asked(one) - asked(other));
  return inOrder.map(([name, { description, ...schema }]) =>
    ApiQuery({
      name,
      required: required.includes(name),
      schema,
      ...(typeof description === 'string' && { description }),
      // A person who tries the call out finds the field filled in with this example.
      ...(required.includes(name) && { examples: valuesOf({ example: exampleOfField(schema) }) }),
    }),
  );
}

function requestBody({ body, examples }: CallSpec): MethodDecorator[] {
  if (!statesRules(body)) return [];
  const shown = examples ?? { example: exampleOf(body) };
  return [ApiBody({ schema: { ...refTo(body) }, required: true, examples: valuesOf(shown) })];
}

function answersOf(spec: CallSpec): MethodDecorator[] {
  const answers = Object.entries(spec.answers).map(([status, answer]) => {
    const { says, view, example, content = {}, headers = [] } = answer;
    const json = view && {
      'application/json': {
        schema: refTo(view),
        examples: valuesOf({ example: example ?? exampleOf(view) }),
      },
    };
    return ApiResponse({
      status: Number(status),
      description: says,
      headers: headersOf([...ALWAYS_SENT, ...headers]),
      content: { ...json, ...contentOf(content) },
    });
  });
  return [...answers, ...problemAnswers(spec).map((answer) => ApiResponse(answer))];
}

function contentOf(content: Readonly<Record<string, Content>>) {
  const entries = Object.entries(content).map(([type, { schema, itemSchema, example }]) => [
    type,
    {
      schema,
      ...(itemSchema && { 'x-item-schema': itemSchema }),
      ...(example !== undefined && { examples: valuesOf({ example }) }),
    },
  ]);
  return Object.fromEntries(entries) as Record<string, { schema: JsonSchema }>;
}

function valuesOf(examples: Readonly<Record<string, unknown>>): Record<string, { value: unknown }> {
  return Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]));
}
