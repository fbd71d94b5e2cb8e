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

interface StandardMeasure {
  readonly label: string;
  readonly unit: string;
  readonly kind?: MeasureKind;
  readonly decimals?: number;
  readonly eventType: string;
  readonly countsPeople?: true;
  readonly rollsUpInto?: string;
  readonly definition?: string;
}

/** The measures are recorded in this order: a measure comes before those that roll up into it. Money is in pounds. */
const MEASURES: Readonly<Record<string, StandardMeasure>> = {
  'patients-benefited': {
    label: 'Patients benefited',
    unit: 'people',
    eventType: 'PatientBenefited',
    countsPeople: true,
    definition: 'People who had the benefit of an innovation in the period.',
  },
  'interventions-delivered': {
    label: 'Interventions delivered',
    unit: 'interventions',
    eventType: 'InterventionDelivered',
  },
  jobs: {
    label: 'Jobs created or safeguarded',
    unit: 'jobs',
    eventType: 'JobCounted',
    definition: 'All jobs: created, safeguarded, and published without saying which.',
  },
  'jobs-created': { label: 'Jobs created', unit: 'jobs', eventType: 'JobCreated', rollsUpInto: 'jobs' },
  'jobs-safeguarded': {
    label: 'Jobs safeguarded',
    unit: 'jobs',
    eventType: 'JobSafeguarded',
    rollsUpInto: 'jobs',
  },
  'jobs-created-or-safeguarded': {
    label: 'Jobs created or safeguarded, no split published',
    unit: 'jobs',
    eventType: 'JobCreatedOrSafeguarded',
    rollsUpInto: 'jobs',
  },
  'investment-leveraged': {
    label: 'Investment leveraged',
    unit: 'pounds',
    decimals: 2,
    eventType: 'InvestmentLeveraged',
  },
  'lives-saved': { label: 'Lives saved', unit: 'lives', eventType: 'LifeSaved' },
  'people-engaged': {
    label: 'People engaged',
    unit: 'people',
    eventType: 'PersonEngaged',
    countsPeople: true,
  },
  'admissions-avoided': { label: 'Admissions avoided', unit: 'admissions', eventType: 'AdmissionAvoided' },
  'cardiovascular-events-prevented': {
    label: 'Cardiovascular events prevented',
    unit: 'events',
    eventType: 'CardiovascularEventPrevented',
  },
  'companies-supported': { label: 'Companies supported', unit: 'companies', eventType: 'CompanySupported' },
  'innovators-supported': {
    label: 'Innovators supported',
    unit: 'innovators',
    eventType: 'InnovatorSupported',
  },
  'innovations-evaluated': {
    label: 'Innovations evaluated',
    unit: 'innovations',
    eventType: 'InnovationEvaluated',
  },
  'innovations-adopted': {
    label: 'Innovations adopted',
    unit: 'innovations',
    eventType: 'InnovationAdopted',
  },
  views: { label: 'Views', unit: 'views', eventType: 'MaterialViewed' },
  'patients-benefiting': {
    label: 'Patients benefiting now',
    unit: 'people',
    kind: 'stock',
    eventType: 'PatientsBenefitingObserved',
    countsPeople: true,
  },
  'care-homes-supported': {
    label: 'Care homes supported',
    unit: 'care homes',
    kind: 'stock',
    eventType: 'CareHomesSupportedObserved',
  },
  'programmes-delivered': {
    label: 'National programmes delivered',
    unit: 'programmes',
    kind: 'stock',
    eventType: 'NationalProgrammesObserved',
  },
  'technologies-in-pipeline': {
    label: 'Technologies in the pipeline',
    unit: 'technologies',
    kind: 'stock',
    eventType: 'PipelineObserved',
  },
  'trusts-implementing': {
    label: 'Trusts implementing',
    unit: 'trusts',
    kind: 'ratio',
    eventType: 'TrustsImplementingObserved',
  },
  'commissioners-launched': {
    label: 'Commissioners launched',
    unit: 'commissioners',
    kind: 'ratio',
    eventType: 'CommissionersLaunchedObserved',
  },
};

/** Returns the commands that record the standard catalogue, entry by entry. */
export function standardCatalogue(): CatalogueCommand[][] {
  const measures = Object.entries(MEASURES).map(([id, measure]): CatalogueCommand[] => {
    const { label, unit, kind = 'flow', decimals = 0, eventType } = measure;
    const { countsPeople = false, rollsUpInto, definition } = measure;
    const parent = rollsUpInto === undefined ? null : parseMeasureId(rollsUpInto);
    const counted = { label, unit, kind, decimals, mayBeNegative: false };
    const required = { ...counted, eventType, countsPeople, rollsUpInto: parent };
    const defined: MeasureDefinition = { ...required, ...(definition !== undefined && { definition }) };
    return [{ kind: 'define-measure', measureId: parseMeasureId(id), definition: defined }];
  });
  const organisations = ORGANISATIONS.map(([id, name, nameBefore]): CatalogueCommand[] => {
    const organisationId = parseOrganisationId(id);
    const registered = { organisationId, name: nameBefore, details: NETWORK };
    const register: CatalogueCommand = { kind: 'register-organisation', ...registered };
    if (name === nameBefore) return [register];
    return [register, { kind: 'rename-organisation', organisationId, name, from: RENAMED_ON }];
  });
  return [...measures, ...organisations];
}
