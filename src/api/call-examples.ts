/**
 * The example of a DTO is made of the examples of its fields, so that no field can be forgotten when the DTO changes.
 * A required field has an example or one that can be made up; an optional field is shown if it has an example.
 */
import type { Dto, JsonSchema } from './decorators.js';
import { componentsOf } from './json-schema.js';

type Components = Readonly<Record<string, JsonSchema>>;
type Properties = Readonly<Record<string, JsonSchema>>;

export function exampleOf(dto: Dto): object {
  return objectExample(dto.name, componentsOf(dto));
}

export function exampleOfField(schema: JsonSchema): unknown {
  const [example] = (schema['examples'] ?? []) as readonly unknown[];
  return example;
}

function objectExample(name: string, components: Components): object {
  const schema = components[name]!;
  const required = schema['required'] as readonly string[];
  const example: Record<string, unknown> = {};
  for (const [field, property] of Object.entries(schema['properties'] as Properties)) {
    const given = exampleOfField(property);
    const value = given === undefined && required.includes(field) ? made(property, components) : given;
    if (value !== undefined) example[field] = value;
    else if (required.includes(field)) throw new Error(`${name}.${field} has no example: say Describe`);
  }
  return example;
}

function made(property: JsonSchema, components: Components): unknown {
  const [first = property] = (property['anyOf'] ?? []) as readonly JsonSchema[];
  if ('$ref' in first) return objectExample((first['$ref'] as string).split('/').at(-1)!, components);
  const items = property['items'] as JsonSchema | undefined;
  return items && '$ref' in items ? [made(items, components)] : undefined;
}
