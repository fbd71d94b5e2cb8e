/**
 * Inputs derived from the OpenAPI document alone. From a value that a schema allows come all values that break it
 * in one place, and other values that it allows. So a field that is added to the document is tried without a new
 * line here.
 */
export type Schema = Readonly<{
  $ref?: string;
  type?: string | readonly string[];
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  additionalProperties?: boolean;
  items?: Schema;
  anyOf?: readonly Schema[];
  enum?: readonly string[];
  pattern?: string;
  format?: string;
  examples?: readonly unknown[];
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
}>;

export interface DerivedInput {
  /** The change that was made to the value, and its place. */
  readonly name: string;
  readonly pointer: string;
  readonly value: unknown;
}

type Resolve = (schema: Schema) => Schema;
type Json = Readonly<Record<string, unknown>>;

/** One value of each type that JSON has. */
const OF_TYPES: Readonly<Record<string, unknown>> = {
  null: null,
  boolean: true,
  integer: 7,
  number: 0.5,
  string: 'text',
  array: [],
  object: {},
};

/** Gives the whole value with one place in it replaced. */
type Replace = (part: unknown) => unknown;

/** Values that break the schema in one place, and nowhere else. */
export function* violationsOf(schema: Schema, value: unknown, resolve: Resolve): Generator<DerivedInput> {
  yield* violationsAt(resolve(schema), value, { pointer: '', replace: (part) => part, resolve });
}

interface Place {
  readonly pointer: string;
  readonly replace: Replace;
  readonly resolve: Resolve;
}

function* violationsAt(schema: Schema, value: unknown, place: Place): Generator<DerivedInput> {
  const { pointer, replace } = place;
  const broken = (what: string, part: unknown) => ({
    name: `${pointer || 'the whole'} ${what}`,
    pointer,
    value: replace(part),
  });
  for (const [type, other] of Object.entries(OF_TYPES)) {
    if (!allows(schema, type)) yield broken(`as ${type}`, other);
  }
  if (allows(schema, 'string')) {
    for (const [what, text] of textsAgainst(schema)) yield broken(what, text);
  }
  if (schema.minimum !== undefined) yield broken('below its least', schema.minimum - 1);
  if (schema.maximum !== undefined) yield broken('above its most', schema.maximum + 1);
  if (Array.isArray(value)) yield* ofArray(schema, value, place, broken);
  else if (typeof value === 'object' && value !== null) yield* ofObject(schema, value as Json, place);
}

/** Texts that each break one rule of a string. */
export function* textsAgainst(schema: Schema): Generator<[what: string, text: string]> {
  const { minLength = 0, maxLength, pattern, format, enum: values, anyOf } = schema;
  if (minLength > 0) yield ['too short', 'x'.repeat(minLength - 1)];
  if (maxLength !== undefined) yield ['too long', 'x'.repeat(maxLength + 1)];
  if (pattern !== undefined) yield ['against its pattern', '\u00a1'];
  if (values) yield ['that is none of its values', 'no-such-value'];
  if (format === 'date' || anyOf?.some((one) => one.format === 'date')) {
    yield ['on a day that no year has', '2023-02-30'];
    yield ['as no date', 'yesterday'];
  }
}

function* ofArray(
  schema: Schema,
  value: readonly unknown[],
  { pointer, replace, resolve }: Place,
  broken: (what: string, part: unknown) => DerivedInput,
): Generator<DerivedInput> {
  const { minItems = 0, maxItems } = schema;
  if (minItems > 0) yield broken('with too few', value.slice(0, minItems - 1));
  if (maxItems !== undefined) yield broken('with too many', Array<unknown>(maxItems + 1).fill(value[0]));
  for (const [index, item] of value.entries()) {
    yield* violationsAt(resolve(schema.items!), item, {
      pointer: `${pointer}/${index}`,
      replace: (part) => replace(value.with(index, part)),
      resolve,
    });
  }
}

function* ofObject(
  { properties = {}, required = [], additionalProperties }: Schema,
  value: Json,
  { pointer, replace, resolve }: Place,
): Generator<DerivedInput> {
  for (const name of required) {
    const { [name]: _, ...rest } = value;
    yield { name: `without ${pointer}/${name}`, pointer: `${pointer}/${name}`, value: replace(rest) };
  }
  if (additionalProperties === false) {
    const value_ = { ...value, unheardOf: 1 };
    yield { name: `with ${pointer}/unheardOf`, pointer: `${pointer}/unheardOf`, value: replace(value_) };
  }
  for (const [name, schema] of Object.entries(properties)) {
    const resolved = resolve(schema);
    yield* violationsAt(resolved, value[name] ?? sampleOf(resolved, resolve), {
      pointer: `${pointer}/${name}`,
      replace: (part) => replace({ ...value, [name]: part }),
      resolve,
    });
  }
}

/** Other values that the schema allows: an optional member is left out, or added with its example. */
export function* variationsOf(schema: Schema, value: unknown, resolve: Resolve): Generator<DerivedInput> {
  yield* variationsAt(resolve(schema), value, { pointer: '', replace: (part) => part, resolve });
}

function* variationsAt(
  schema: Schema,
  value: unknown,
  { pointer, replace, resolve }: Place,
): Generator<DerivedInput> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const ofItem: Replace = (part) => replace(value.with(index, part));
      yield* variationsAt(resolve(schema.items!), item, {
        pointer: `${pointer}/${index}`,
        replace: ofItem,
        resolve,
      });
    }
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const members = value as Json;
  for (const [name, ofMember] of Object.entries(schema.properties ?? {})) {
    const at = `${pointer}/${name}`;
    const resolved = resolve(ofMember);
    const ofPart: Replace = (part) => replace({ ...members, [name]: part });
    if (name in members) {
      if (!schema.required?.includes(name)) {
        const { [name]: _, ...rest } = members;
        yield { name: `without ${at}`, pointer: at, value: replace(rest) };
      }
      for (const one of resolved.enum ?? []) yield { name: `${at} ${one}`, pointer: at, value: ofPart(one) };
      yield* variationsAt(resolved, members[name], { pointer: at, replace: ofPart, resolve });
    } else {
      const sample = sampleOf(resolved, resolve);
      if (sample !== undefined) yield { name: `with ${at}`, pointer: at, value: ofPart(sample) };
    }
  }
}

/** The document's example of a schema; undefined where it has none. */
function sampleOf(schema: Schema, resolve: Resolve): unknown {
  if (schema.examples) return schema.examples[0];
  if (!schema.properties) return undefined;
  const members = Object.entries(schema.properties).map(
    ([name, member]) => [name, sampleOf(resolve(member), resolve)] as const,
  );
  return Object.fromEntries(members.filter(([, sample]) => sample !== undefined));
}

function allows({ type, anyOf }: Schema, name: string): boolean {
  if (type === undefined) return anyOf !== undefined;
  const types = typeof type === 'string' ? [type] : type;
  return types.includes(name) || (name === 'integer' && types.includes('number'));
}
