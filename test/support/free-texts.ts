/**
 * The places of a body in which its sender can write freely. They are found in the OpenAPI document, so that a
 * field which is added later is found too.
 */
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Contract, Operation } from './contract.js';

type Json = Readonly<Record<string, unknown>>;

export interface FreeText {
  readonly pointer: string;
  /** The body with one of the texts in this place. */
  readonly body: Record<string, unknown>;
}

/** Texts of words and of an address: a place is free text if it accepts one of them. */
export const LIKE_PERSONAL_DATA = ['seen as 943 476 5919', 'https://example.org/?nhs=9434765919'];

export function freeTextsOf(
  { id, body }: Operation,
  shown: object,
  { document, contract }: { readonly document: OpenAPIObject; readonly contract: Contract },
  texts: readonly string[],
): FreeText[] {
  const schema = body?.['application/json']?.schema;
  if (!schema) throw new Error(`${id} takes no JSON`);
  return placesIn(schema, document).flatMap(({ path, of }) => {
    const taken = texts.find((text) => contract.fault(of, text) === null);
    if (taken === undefined) return [];
    const sent = structuredClone(shown) as Record<string, unknown>;
    put(sent, path, taken);
    return [{ pointer: path.map((step) => `/${step}`).join(''), body: sent }];
  });
}

interface Place {
  readonly path: readonly string[];
  readonly of: Json;
}

/** The places below a schema; a list counts with its first item. */
function placesIn(schema: Json, document: OpenAPIObject, path: readonly string[] = []): Place[] {
  const ref = schema['$ref'] as string | undefined;
  if (ref !== undefined) {
    const name = ref.split('/').at(-1)!;
    return placesIn(document.components!.schemas![name] as Json, document, path);
  }
  const properties = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, Json>>);
  if (schema['type'] === 'array') return placesIn(schema['items'] as Json, document, [...path, '0']);
  if ([schema['type']].flat().includes('string')) return [{ path, of: schema }];
  return properties.flatMap(([name, of]) => placesIn(of, document, [...path, name]));
}

function put(body: Record<string, unknown>, path: readonly string[], value: string): void {
  let at = body;
  for (const step of path.slice(0, -1)) at = (at[step] ??= {}) as Record<string, unknown>;
  at[path.at(-1)!] = value;
}
