/** Picks the named members that are defined, in the order of the names. */
export function picked<Whole extends object, Name extends keyof Whole>(
  whole: Whole,
  names: readonly Name[],
): Pick<Whole, Name> {
  const some: Partial<Pick<Whole, Name>> = {};
  for (const name of names) if (whole[name] !== undefined) some[name] = whole[name];
  return some as Pick<Whole, Name>;
}

/** Members that are to change: null takes an optional one away. */
export type ChangesTo<Whole> = { readonly [Member in keyof Whole]?: Whole[Member] | null };

/** An object with some of its members changed; those that are left out stay. */
export function amended<Whole extends object>(whole: Whole, changes: ChangesTo<Whole>): Whole {
  const members = Object.entries({ ...whole, ...changes }).filter(([, value]) => value != null);
  return Object.fromEntries(members) as Whole;
}
