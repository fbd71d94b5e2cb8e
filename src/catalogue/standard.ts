/**
 * The standard catalogue: the measures that the networks report, and the fifteen networks with the names they
 * had before 1 October 2023. It is recorded on the first start, as events like any others; an entry that is there
 * already, in whatever state, is left alone.
 */
import { parseCalendarDate } from '../kernel/financial-year.js';
import { parseMeasureId, parseOrganisationId } from '../kernel/ids.js';
import type { CatalogueCommand } from './catalogue.handler.js';
import type { MeasureKind } from '../domain/kinds/kinds.js';
import type { MeasureDefinition } from '../domain/measure.js';

/** The first day of the networks' first licence, of five years: the second began on 1 April 2018. */
const NETWORK = { kind: 'network', from: parseCalendarDate('2013-04-01') };
const RENAMED_ON = parseCalendarDate('2023-10-01');

/** Each organisation has its id, its name since 1 October 2023, and its name before. */
const ORGANISATIONS: readonly (readonly [string, string, string])[] = [
  ['east', 'Health Innovation East', 'Eastern AHSN'],
  ['east-midlands', 'Health Innovation East Midlands', 'East Midlands AHSN'],
  [
    'imperial-college-health-partners',
    'Imperial College Health Partners',
    'Imperial College Health Partners',
  ],
  ['kent-surrey-sussex', 'Health Innovation Kent Surrey Sussex', 'Kent Surrey Sussex AHSN'],
  ['manchester', 'Health Innovation Manchester', 'Health Innovation Manchester'],
  [
    'north-east-and-north-cumbria',
    'Health Innovation North East and North Cumbria',
    'North East and North Cumbria AHSN',
  ],
  ['north-west-coast', 'Health Innovation North West Coast', 'Innovation Agency'],
  ['oxford-and-thames-valley', 'Health Innovation Oxford and Thames Valley', 'Oxford AHSN'],
  ['south-london', 'Health Innovation Network South London', 'Health Innovation Network South London'],
  ['south-west', 'Health Innovation South West', 'South West AHSN'],
  ['uclpartners', 'UCLPartners', 'UCLPartners'],
  ['wessex', 'Health Innovation Wessex', 'Wessex AHSN'],
  ['west-midlands', 'Health Innovation West Midlands', 'West Midlands AHSN'],
  ['west-of-england', 'Health Innovation West of England', 'West of England AHSN'],
  ['yorkshire-and-humber', 'Health Innovation Yorkshire and Humber', 'Yorkshire and Humber AHSN'],
];

/**
 * The measures of each kind are recorded in this order: a measure comes before those that roll up into it. Each has its
 * id, its label, its unit, the type of its events, and the measure that it rolls up into.
 */
const MEASURES: Partial<
  Record<MeasureKind, readonly (readonly [string, string, string, string, string?])[]>
> = {
  flow: [
    ['patients-benefited', 'Patients benefited', 'people', 'PatientBenefited'],
    ['interventions-delivered', 'Interventions delivered', 'interventions', 'InterventionDelivered'],
    ['jobs', 'Jobs created or safeguarded', 'jobs', 'JobCounted'],
    ['jobs-created', 'Jobs created', 'jobs', 'JobCreated', 'jobs'],
    ['jobs-safeguarded', 'Jobs safeguarded', 'jobs', 'JobSafeguarded', 'jobs'],
    [
      'jobs-created-or-safeguarded',
      'Jobs created or safeguarded, no split published',
      'jobs',
      'JobCreatedOrSafeguarded',
      'jobs',
    ],
    ['investment-leveraged', 'Investment leveraged', 'pounds', 'InvestmentLeveraged'],
    ['lives-saved', 'Lives saved', 'lives', 'LifeSaved'],
    ['people-engaged', 'People engaged', 'people', 'PersonEngaged'],
    ['admissions-avoided', 'Admissions avoided', 'admissions', 'AdmissionAvoided'],
    [
      'cardiovascular-events-prevented',
      'Cardiovascular events prevented',
      'events',
      'CardiovascularEventPrevented',
    ],
    ['companies-supported', 'Companies supported', 'companies', 'CompanySupported'],
    ['innovators-supported', 'Innovators supported', 'innovators', 'InnovatorSupported'],
    ['innovations-evaluated', 'Innovations evaluated', 'innovations', 'InnovationEvaluated'],
    ['innovations-adopted', 'Innovations adopted', 'innovations', 'InnovationAdopted'],
    ['views', 'Views', 'views', 'MaterialViewed'],
  ],
  stock: [
    ['patients-benefiting', 'Patients benefiting now', 'people', 'PatientsBenefitingObserved'],
    ['care-homes-supported', 'Care homes supported', 'care homes', 'CareHomesSupportedObserved'],
    ['programmes-delivered', 'National programmes delivered', 'programmes', 'NationalProgrammesObserved'],
    ['technologies-in-pipeline', 'Technologies in the pipeline', 'technologies', 'PipelineObserved'],
  ],
  ratio: [
    ['trusts-implementing', 'Trusts implementing', 'trusts', 'TrustsImplementingObserved'],
    ['commissioners-launched', 'Commissioners launched', 'commissioners', 'CommissionersLaunchedObserved'],
  ],
};

const DEFINITIONS: Readonly<Record<string, string>> = {
  'patients-benefited': 'People who had the benefit of an innovation in the period.',
  jobs: 'All jobs: created, safeguarded, and published without saying which.',
};

/** Returns the commands that record the standard catalogue, entry by entry. */
export function standardCatalogue(): CatalogueCommand[][] {
  const measures = Object.entries(MEASURES).flatMap(([kind, rows]) =>
    rows.map(([id, label, unit, eventType, parent]): CatalogueCommand[] => {
      const definition: MeasureDefinition = {
        label,
        unit,
        kind: kind as MeasureKind,
        decimals: unit === 'pounds' ? 2 : 0,
        mayBeNegative: false,
        eventType,
        countsPeople: unit === 'people',
        rollsUpInto: parent === undefined ? null : parseMeasureId(parent),
        ...(id in DEFINITIONS && { definition: DEFINITIONS[id]! }),
      };
      return [{ kind: 'define-measure', measureId: parseMeasureId(id), definition }];
    }),
  );
  const organisations = ORGANISATIONS.map(([id, name, nameBefore]): CatalogueCommand[] => {
    const organisationId = parseOrganisationId(id);
    const registered = { organisationId, name: nameBefore, details: NETWORK };
    const register: CatalogueCommand = { kind: 'register-organisation', ...registered };
    if (name === nameBefore) return [register];
    return [register, { kind: 'rename-organisation', organisationId, name, from: RENAMED_ON }];
  });
  return [...measures, ...organisations];
}
