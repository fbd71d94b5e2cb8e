/** Checks that a bundle has all events of the scope that its header states, and no others. */
import { scopeText, type BundleEvent, type BundleScope } from './bundle-format.js';
import type { Findings } from './verdict.js';

export function checkEvent(event: BundleEvent, scope: BundleScope, findings: Findings): void {
  const { ledgersequence: sequence, stream } = event;
  if (scope.kind === 'period' && (sequence <= scope.after || sequence > scope.until)) {
    findings.fault(`the event ${event.id} is not of the period`, sequence);
  }
  if (scope.kind !== 'programme') return;
  const { programmeId } = event.data.facts;
  const isOther = programmeId !== undefined && programmeId !== scope.programme;
  const isOtherStream = stream.startsWith('programme-') && stream !== `programme-${scope.programme}`;
  if (isOther || isOtherStream)
    findings.fault(`the event ${event.id} is not of ${scope.programme}`, sequence);
}

/** Checks whether the events from `first` to before `end`, for which a hash stands, may be left out. */
export function checkGap(
  { first, end }: { readonly first: number; readonly end: number },
  scope: BundleScope,
  findings: Findings,
): void {
  if (scope.kind === 'everything') {
    findings.fault('events are left out of a bundle of everything', first);
  } else if (scope.kind === 'period') {
    const missed = Math.max(first, scope.after + 1);
    // A period without an event misses none.
    if (missed <= Math.min(end - 1, scope.until)) findings.fault('events of the period are left out', missed);
  }
}

/** @param expect the scope that was asked for, as `scopeText` writes it, or its kind alone */
export function checkExpected(scope: BundleScope, expect: string | undefined, findings: Findings): void {
  if (expect === undefined || expect === scope.kind || expect === scopeText(scope)) return;
  findings.doubt(`the bundle is of ${scopeText(scope)}, not of ${expect}`);
}
