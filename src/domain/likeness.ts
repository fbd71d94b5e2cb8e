/** Nobody may give an entry of the catalogue a name that reads like another's: files and people go by names. */
import type { Refusal } from '../kernel/refusals.js';

/** An entry with a name that reads like the one of a command. */
export interface LookAlike {
  readonly id: string;
  readonly name: string;
}

export function nameFaults(alike: LookAlike | undefined, pointer: string): Refusal[] {
  if (!alike) return [];
  const detail = `${alike.id} is named ${alike.name}, which reads the same`;
  return [{ code: 'name-taken', detail, pointer }];
}
