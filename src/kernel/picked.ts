/** Picks the named members that are defined, in the order of the names. */
export function picked<Whole extends object, Name extends keyof Whole>(
  whole: Whole,
  names: readonly Name[],
): Pick<Whole, Name> {
  const some: Partial<Pick<Whole, Name>> = {};
  for (const name of names) if (whole[name] !== undefined) some[name] = whole[name];
  return some as Pick<Whole, Name>;
}
