/**
 * DTO classes state with decorators what a request may say, and their compiled schema checks it, in a microsecond an
 * outcome where class-transformer and class-validator take thirty. Nothing is coerced, defaulted or removed: a handler
 * gets the value that was sent, or the client gets every fault at once.
 *
 * The law that the compiled schema and class-validator accept the same values is a property test:
 * test/unit/validation.test.ts.
 */
import type { ProblemFault } from '../kernel/refusals.js';
import {
  createParamDecorator,
  Injectable,
  type ArgumentMetadata,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { Readable } from 'node:stream';
import { isCalendarDate, isDateOrInstant, isInstant } from '../kernel/financial-year.js';
import type { Dto, JsonSchema, TextCheck } from './decorators.js';
import { checkedSchemaOf, statesRules } from './json-schema.js';
import { Problem } from './problem.js';
import { pointerOf } from '../kernel/strict-json.js';

export type FaultCode =
  'required' | 'unknown-field' | 'repeated' | 'type' | 'format' | 'range' | 'length' | 'choice';

/** A fault of an input has its place (RFC 6901), its kind, and a sentence for the client. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
  readonly code: FaultCode;
}

export type Validator = (value: unknown) => readonly Fault[];

/** A body or query breaks the rules of its DTO. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';

  constructor(
    readonly where: 'body' | 'query',
    readonly faults: readonly ProblemFault[],
  ) {
    const [first] = faults;
    const count =
      faults.length === 1 ? `a fault in the ${where}` : `${faults.length} faults in the ${where}, first`;
    super(`${count}: ${first?.pointer || 'it'} ${first?.detail}`);
  }
}

/**
 * The global pipe checks every body and query that is declared as a DTO class, and hands it on unchanged.
 * A value that is declared as anything else (a header, a raw body, a parameter of a path) passes unchecked.
 */
@Injectable()
export class SchemaValidationPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if ((type !== 'body' && type !== 'query') || !metatype) return value;
    const validate = validatorIfDto(metatype);
    if (type === 'body') return validate ? checkedBody(value, validate) : refuseEmpty(value);
    const faults = validate?.(value) ?? VALID;
    if (faults.length === 0) return value;
    throw new InvalidInput(type, sayingRepeated(value, faults));
  }
}

/**
 * Gives a call the body as it was sent, where the call checks the DTO itself and tells more than faults of its form.
 */
export const UncheckedBody = createParamDecorator(
  (_data: unknown, context: ExecutionContext): unknown =>
    context.switchToHttp().getRequest<FastifyRequest>().body,
);

/** @throws Problem where there is no JSON; InvalidInput where the JSON breaks a rule of its form */
export function checkedBody<Body>(body: unknown, validate: Validator): Body {
  // A file was sent to a call that takes JSON: its stream is no content to be checked.
  if (refuseEmpty(body) instanceof Readable)
    throw new Problem('unsupported-media-type', 'send the body as application/json');
  const faults = validate(body);
  if (faults.length > 0) throw new InvalidInput('body', faults);
  return body as Body;
}

function refuseEmpty(body: unknown): unknown {
  if (body === undefined) throw new Problem('malformed-json', 'the body is empty: send JSON');
  return body;
}

/** The most faults that are told at once: a person corrects the first ones and tries again. */
const FAULTS_MAX = 1_000;
/** The longest name made up by a client that is repeated to it. */
const ECHO_MAX = 100;

const ajv = new Ajv2020({
  strict: true,
  allowUnionTypes: true,
  allErrors: true,
  // Each error then carries the schema it comes from, and with it the sentence for people.
  verbose: true,
  messages: false,
  formats: { date: isCalendarDate, 'date-time': isInstant, 'date-or-instant': isDateOrInstant },
  keywords: [
    'components',
    'says',
    { keyword: 'check', type: 'string', validate: (check: TextCheck, text: string) => check.accepts(text) },
  ],
});

const validators = new WeakMap<Dto, Validator>();

/** Returns the compiled validator of a DTO class, made at its first use. A value without faults is valid. */
export function validatorOf(dto: Dto): Validator {
  let validator = validators.get(dto);
  if (!validator) {
    const validate: ValidateFunction = ajv.compile(checkedSchemaOf(dto));
    validator = (value) => (validate(value) ? VALID : faultsFrom(validate.errors ?? []));
    validators.set(dto, validator);
  }
  return validator;
}

const VALID: readonly Fault[] = Object.freeze([]);

const stateNoRules = new WeakSet<object>();

function validatorIfDto(metatype: object): Validator | undefined {
  const known = validators.get(metatype as Dto);
  if (known || stateNoRules.has(metatype)) return known;
  if (statesRules(metatype)) return validatorOf(metatype);
  stateNoRules.add(metatype);
  return undefined;
}

/** Makes one fault for each place: two rules broken by one value share a sentence that says both. */
function faultsFrom(errors: readonly ErrorObject[]): readonly Fault[] {
  const faults = new Map<string, Fault>();
  for (const error of errors) {
    if (error.keyword === 'if') continue; // only repeats that something inside it failed
    const fault = faultFrom(error);
    if (!faults.has(fault.pointer)) faults.set(fault.pointer, fault);
    if (faults.size === FAULTS_MAX) break;
  }
  return [...faults.values()];
}

function faultFrom({ keyword, instancePath, params, parentSchema, data }: ErrorObject): Fault {
  if (keyword === 'required') {
    const name = params['missingProperty'] as string;
    return { pointer: instancePath + pointerOf([name]), detail: 'is required', code: 'required' };
  }
  if (keyword === 'additionalProperties') {
    const name = params['additionalProperty'] as string;
    const code = 'unknown-field';
    return name.length > ECHO_MAX
      ? { pointer: instancePath, detail: 'has a field that is not known', code }
      : { pointer: instancePath + pointerOf([name]), detail: notOneOf(parentSchema!), code };
  }
  const detail = parentSchema!['says'] as string;
  const code =
    keyword === 'check' ? (parentSchema!['check'] as TextCheck).code(data as string) : CODES[keyword];
  if (!code) throw new Error(`no fault code for the keyword ${keyword}`);
  return { pointer: instancePath, detail, code };
}

/** Lists the known names, so that a client that sent an unknown one finds the right one beside it. */
export function notOneOf({ properties }: JsonSchema): string {
  return `is not a known field: those are ${Object.keys(properties as object).join(', ')}`;
}

const CODES: Readonly<Record<string, FaultCode>> = {
  type: 'type',
  format: 'format',
  pattern: 'format',
  propertyNames: 'format',
  minimum: 'range',
  maximum: 'range',
  maxLength: 'length',
  minItems: 'length',
  maxItems: 'length',
  maxProperties: 'length',
  enum: 'choice',
  anyOf: 'choice',
};

/** Fastify gives a query parameter that is repeated as a list. No parameter here takes one. */
function sayingRepeated(query: unknown, faults: readonly Fault[]): readonly Fault[] {
  const values = new Map(
    Object.entries(query ?? {}).map(([name, value]) => [pointerOf([name]), value as unknown]),
  );
  return faults.map((fault) =>
    fault.code !== 'unknown-field' && Array.isArray(values.get(fault.pointer))
      ? { pointer: fault.pointer, detail: 'must be given once', code: 'repeated' }
      : fault,
  );
}
