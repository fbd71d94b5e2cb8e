/**
 * The law of inputs over the application's own DTOs: what class-validator says of a value, the schema that was
 * compiled from the same decorators says too.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CatalogueListQueryDto } from '../../src/catalogue/catalogue.dto.js';
import { DefineMeasureDto, ReviseMeasureDto } from '../../src/catalogue/measure.dto.js';
import {
  AmendOrganisationDto,
  OrganisationQueryDto,
  RegisterOrganisationDto,
  RenameOrganisationDto,
} from '../../src/catalogue/organisation.dto.js';
import {
  AmendProgrammeDto,
  CloseProgrammeDto,
  RegisterProgrammeDto,
  ReopenProgrammeDto,
} from '../../src/catalogue/programme.dto.js';
import { validatorOf } from '../../src/api/validation.js';
import { ChangesQueryDto, OutcomesQueryDto, TotalsQueryDto } from '../../src/figures/figures.dto.js';
import { EventsQueryDto, StreamQueryDto } from '../../src/reports/reports.dto.js';
import { ImportQueryDto } from '../../src/submissions/imports.dto.js';
import { CorrectionDto, SubmissionDto, WithdrawalDto } from '../../src/submissions/submissions.dto.js';
import { classValidatorAccepts, near } from '../support/class-validator-oracle.js';

const outcome = {
  measure: 'patients-benefited',
  quantity: 1200,
  numerator: 1,
  denominator: 2,
  percent: '99.3',
  organisation: 'wessex',
  effective: { from: '2023-04-01', to: '2023-06-30T12:00:00Z' },
  basis: 'counted',
  rate: '2.5',
  amount: '1200',
  bounds: { low: 1000, high: '1400' },
  breakdown: { 'age-band': '60-plus' },
  counting: 'in-period',
  reference: 'q1/row-17',
  evidenceSha256: '0'.repeat(64),
  evidence: { title: 'Quarter 1 return', uri: 'https://example.org/q1' },
  note: 'Seen twice.',
};
const personalDataOverride = { reason: 'a grant reference' };
const figure = { measure: 'jobs', programme: 'a', organisation: 'b', allowBreaks: 'true', minSequence: '7' };
const moment = { ...figure, asAt: '2024-03-31', asAtSequence: '5' };
const page = { limit: '10', after: 'abc' };

const VALID: readonly (readonly [new () => object, object])[] = [
  [
    SubmissionDto,
    { outcomes: [outcome, { ...outcome, effective: { from: '2023-04-01' } }], personalDataOverride },
  ],
  [CorrectionDto, { ...outcome, reason: 'recount', personalDataOverride }],
  [WithdrawalDto, { reason: 'recorded twice', personalDataOverride }],
  [
    RegisterProgrammeDto,
    { id: 'asthma-care', name: 'Asthma care', startedOn: '2020-04-01', description: 'Care.' },
  ],
  [AmendProgrammeDto, { name: 'Asthma care', startedOn: '2020-04-01', description: 'Care.', reason: 'typo' }],
  [CloseProgrammeDto, { closedOn: '2024-03-31', reason: 'funding ended' }],
  [ReopenProgrammeDto, { reason: 'funding renewed' }],
  [RegisterOrganisationDto, { id: 'wessex', name: 'Wessex AHSN', kind: 'network', from: '2013-04-01' }],
  [AmendOrganisationDto, { parent: 'east', to: null, tags: { region: 'south' }, reason: 'a merger' }],
  [RenameOrganisationDto, { name: 'Health Innovation Wessex', from: '2023-10-01' }],
  [
    DefineMeasureDto,
    {
      id: 'feno-tests',
      label: 'FeNO tests',
      unit: 'tests',
      kind: 'flow',
      eventType: 'FenoTestDone',
      countsPeople: false,
      rollsUpInto: null,
      definition: 'Tests done.',
      decimals: 1,
      mayBeNegative: false,
      breakdowns: [{ id: 'age-band', values: ['under-60', '60-plus'] }],
      personalDataOverride,
    },
  ],
  [
    ReviseMeasureDto,
    { from: '2024-25', label: 'FeNO tests', definition: 'Tests done.', comparable: true, reason: 'clearer' },
  ],
  [CatalogueListQueryDto, { after: 'a', limit: '10', minSequence: '1' }],
  [OrganisationQueryDto, { on: '2023-09-30', minSequence: '1' }],
  [TotalsQueryDto, { ...moment, from: '2018-19', to: '2023-24', groupBy: 'programme' }],
  [
    ChangesQueryDto,
    { ...figure, ...page, earlier: '40', later: '2024-03-31', from: '2018-19', to: '2023-24' },
  ],
  [OutcomesQueryDto, { ...moment, ...page, from: '2018-19', to: '2023-24' }],
  [
    EventsQueryDto,
    {
      after: '1',
      until: '2024-03-31',
      limit: '10',
      programme: 'a',
      type: 'PatientBenefited',
      minSequence: '1',
    },
  ],
  [StreamQueryDto, { after: '1', programme: 'a', type: 'PatientBenefited', minSequence: '1' }],
  [ImportQueryDto, { dryRun: 'true' }],
];

describe('class-validator and the compiled schema accept the same values', () => {
  test.each(VALID.map(([dto, valid]) => [dto.name, dto, valid] as const))('of %s', (_name, dto, valid) => {
    const faultsIn = validatorOf(dto);
    expect(faultsIn(valid)).toEqual([]);
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(near(valid), (value) => {
        const expected = classValidatorAccepts(dto, value);
        seen[expected ? 'accepted' : 'refused'] += 1;
        expect(faultsIn(value).length === 0).toBe(expected);
      }),
      { numRuns: 600 },
    );
    // Neither verdict is rare, so that neither side can pass by always saying the same.
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(30);
  });
});
