/** From what a caller sent, its form already checked, to the content of an outcome. */
import { parseDateOrInstant } from '../kernel/financial-year.js';
import { FIGURE_MEMBERS } from '../domain/kinds/kind.js';
import { picked } from '../kernel/picked.js';
import { parseMeasureId, parseOrganisationId } from '../kernel/ids.js';
import type { OutcomeContent } from '../domain/outcome.js';
import type { OutcomeDto } from './submissions.dto.js';

/** Fields that were not sent are absent, so that the same content has the same canonical JSON. */
export function contentOfDto(dto: OutcomeDto): OutcomeContent {
  const { measure, organisation, effective, basis, range, evidence, note } = dto;
  const from = parseDateOrInstant(effective.from);
  return {
    measureId: parseMeasureId(measure),
    ...(organisation !== undefined && { organisationId: parseOrganisationId(organisation) }),
    ...picked(dto, FIGURE_MEMBERS),
    effective: { from, to: effective.to === undefined ? from : parseDateOrInstant(effective.to) },
    basis,
    ...(range !== undefined && { range: { low: range.low, high: range.high } }),
    ...(evidence !== undefined && { evidence: { ...evidence } }),
    ...(note !== undefined && { note }),
  };
}
