/**
 * An oracle: class-validator's own verdict on a value, with the options that Nest's own pipe would be given, and
 * values to ask it about. Requests are checked by compiled schemas, which must keep to the meaning of the
 * decorators. The law, for any DTO: for every value, both accept it or neither does.
 *
 * One thing is left to the schemas: class-transformer drops fields named like a member of every object
 * (`toString`, `constructor`, …) before class-validator sees them. The schemas refuse those as unknown.
 */
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import fc from 'fast-check';

export function classValidatorAccepts(dto: new () => object, value: unknown): boolean {
  // plainToInstance hands scalars through, and a list becomes a list of instances; neither is a DTO.
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const options = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true };
  return validateSync(plainToInstance(dto, value), options).length === 0;
}

const words = (text: string): string[] => text.split(' ');
const UUIDS =
  '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f 0B8F5A52-6D3C-4F0E-9D0A-3D5B6C7D8E9F 0b8f5a526d3c4f0e9d0a3d5b6c7d8e9f ' +
  '00000000-0000-0000-0000-000000000000 018f4d5c-7b1a-7c3d-9e4f-0a1b2c3d4e5f ' +
  '0b8f5a52-6d3c-0f0e-9d0a-3d5b6c7d8e9f {0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f}';
const DATES =
  '2024-02-29 2023-02-29 2000-02-29 1900-02-29 2026-02-30 2023-04-31 2023-00-10 2023-13-01 2023-01-00 ' +
  '1899-12-31 1900-01-01 2999-12-31 3000-01-01 20230401 2023-04-01\n ２023-04-01 2023-12-31 2023-12-32 ' +
  '2023-4-1 2023-24';
const INSTANTS =
  '2023-04-01T09:30:00+01:00 2023-04-01T09:30:00.123456789Z 2023-04-01T09:30:00.Z 2023-04-01T09:30Z ' +
  '2016-12-31T23:59:60Z 2023-04-01T24:00:00Z 2023-04-01t09:30:00z 2023-04-01T09:30:00 2023-04-01T ' +
  '2023-04-01T23:59:59-23:59 2023-04-01T09:60:00Z 2023-04-01T09:30:00+24:00 2023-04-01T09:30:00Z\n ' +
  '2023-02-30T09:30:00Z';
const NUMBERS =
  '0 -0 -1 1 007 +1 1.0 1e2 100 101 12.5 999.999999 1000 1. .5 0.1234567 ٣ 0000000000000000 ' +
  '00000000000000000 9007199254740991 9007199254740992 99999999999999999';
const NAMES =
  'lipid-management Lipid a--b -a a- a_b counted modelled none true 00ff 00FF 00ff\n abcde abcdef';

/** Values at and just over the edges that rules have, and of every JSON type. */
export const ODD_VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -0,
    1,
    1.5,
    2,
    12,
    13,
    -1,
    2 ** 53 - 1,
    2 ** 53,
    -(2 ** 53),
    1e300,
    NaN,
    Infinity,
  ],
  ...[UUIDS, DATES, INSTANTS, NUMBERS, NAMES].flatMap(words),
  ...[
    '',
    ' ',
    '\n\t',
    'a\nb',
    'a\rb',
    'a\u0000b',
    'a\u007fb',
    'a\u0085b',
    'é',
    '\u00a0',
    '\u200b',
    '\u2028',
    '2023-04-01 ',
  ],
  ...['😀', '0😀', 'a\ufe0f', '\ufe0f', 'a\ufe0f\ufe0e'],
  ...[5, 6, 7, 10, 12, 13, 20, 21, 64, 65, 200, 201].flatMap((n) => [
    'n'.repeat(n),
    '😀'.repeat(n),
    'a\ufe0f'.repeat(n),
  ]),
  ...['https://example.org/1', 'https://example.org/ 1', 'http://example.org'],
  ...[
    [],
    {},
    [[]],
    [null],
    [{}],
    [1],
    ['a'],
    ['A'],
    ['a', 1],
    { '0': 'a', length: 1 },
    { from: '2023-04-01' },
  ],
  ...[
    { from: '2023-04-01', to: '2023-04-02' },
    { from: 1, to: 2, more: 3 },
    { title: 't' },
    { title: '' },
    { low: 1, high: 2 },
  ],
];

/** Every place in a tree: the container and the name or index there. */
export function placesIn(node: unknown): [container: Record<string, unknown>, key: string][] {
  if (typeof node !== 'object' || node === null) return [];
  const container = node as Record<string, unknown>;
  return Object.keys(container).flatMap((key) => [[container, key], ...placesIn(container[key])] as never);
}

/** Values near a valid one: up to three of its places are changed, dropped, renamed, wrapped, repeated … */
export function near(valid: object): fc.Arbitrary<unknown> {
  const name = fc.constantFrom('more', '', '0', 'length', ...placesIn(valid).map(([, key]) => key));
  const odd = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...ODD_VALUES) },
    fc
      .jsonValue({ maxDepth: 2 })
      .filter((value) => !placesIn(value).some(([, key]) => key in Object.prototype)),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const change = fc.record({ at: fc.nat(), kind: fc.constantFrom(...KINDS), odd, name });
  return fc.array(change, { maxLength: 3 }).map((changes) => {
    const root = { value: structuredClone(valid) as unknown };
    for (const one of changes) apply(root, one);
    return root.value;
  });
}

const KINDS = [
  'set',
  'set',
  'set',
  'drop',
  'rename',
  'add',
  'wrap',
  'spread',
  'repeat',
  'swap',
  'text',
] as const;

interface Change {
  readonly at: number;
  readonly kind: (typeof KINDS)[number];
  readonly odd: unknown;
  readonly name: string;
}

function apply(root: { value: unknown }, { at, kind, odd, name }: Change): void {
  const places = placesIn(root);
  const [container, key] = places[at % places.length]!;
  const value = container[key];
  const isObject = typeof value === 'object' && value !== null;
  if (kind === 'set') container[key] = structuredClone(odd);
  else if (kind === 'wrap') container[key] = [value];
  else if (kind === 'text') container[key] = String(value);
  else if (kind === 'swap') [container[key], root.value] = [root.value, value];
  else if (kind === 'repeat' && Array.isArray(value)) value.push(...(structuredClone(value) as unknown[]));
  else if (kind === 'spread' && isObject)
    container[key] = Array.isArray(value) ? { ...value } : Object.values(value);
  else if (kind === 'add' && isObject && !Array.isArray(value))
    Object.assign(value, { [name]: structuredClone(odd) });
  else if (kind === 'drop' && Array.isArray(container)) container.splice(Number(key), 1);
  else if ((kind === 'drop' || kind === 'rename') && container !== root && !Array.isArray(container)) {
    delete container[key];
    if (kind === 'rename') container[name] = value;
  }
}
