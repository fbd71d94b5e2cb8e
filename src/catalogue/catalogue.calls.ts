/** This file describes the calls about programmes, organisations and measures. */
import type { Grants } from '../domain/role.js';
import { TEXT_PROBLEMS, type CallAnswer, type CallSpec } from '../api/call-spec.js';
import { PROGRAMME_ID } from '../api/parameters.js';
import { CatalogueListQueryDto, ChangeReceipt, OneEntryQueryDto } from './catalogue.dto.js';
import { DefineMeasureDto, MeasureListView, MeasureView, ReviseMeasureDto } from './measure.dto.js';
import {
  AmendOrganisationDto,
  OrganisationListView,
  OrganisationQueryDto,
  OrganisationView,
  RegisterOrganisationDto,
  RenameOrganisationDto,
} from './organisation.dto.js';
import {
  AmendProgrammeDto,
  CloseProgrammeDto,
  ProgrammeListView,
  ProgrammeView,
  RegisterProgrammeDto,
  ReopenProgrammeDto,
} from './programme.dto.js';

/** Everyone may read organisations and measures, because outcomes are recorded in their words. */
const READ_BY_ALL: Grants = { reporter: true, auditor: true, steward: true, programme: 'regardless' };

const ORGANISATION_ID = { ...PROGRAMME_ID, description: 'The id of an organisation.', example: 'wessex' };
const MEASURE_ID = { ...PROGRAMME_ID, description: 'The id of a measure.', example: 'feno-tests' };

/** The answers to a change that was made (201) and to one that had been made before (200). */
function changed(says: string, example: ChangeReceipt): Record<200 | 201, CallAnswer<ChangeReceipt>> {
  return {
    200: { says: 'The same had been done before, and nothing changed.', view: ChangeReceipt, example },
    201: { says, view: ChangeReceipt, example },
  };
}

/** Programmes and organisations are amended alike. */
const CHANGES =
  'Only what changes, and why: what is left out stays, and `null` takes an optional member away. What was said before ' +
  'stays in its history.';

const PROGRAMME_CHANGED = { id: 'lipid-management', sequence: 40 };
const ORGANISATION_CHANGED = { id: 'wessex', sequence: 40 };
const MEASURE_CHANGED = { id: 'feno-tests', sequence: 40 };

export const registerProgramme = {
  tag: 'Programmes',
  may: { steward: true },
  summary: 'Register a programme',
  description: 'Registering it again with the same content is a success that changes nothing.',
  body: RegisterProgrammeDto,
  answers: changed('The programme is registered.', PROGRAMME_CHANGED),
  problems: { 409: ['programme-exists', 'name-taken'], 422: [...TEXT_PROBLEMS] },
} satisfies CallSpec<ChangeReceipt>;

export const amendProgramme = {
  tag: 'Programmes',
  may: { steward: true },
  summary: 'Amend what is said of a programme',
  description: CHANGES,
  params: { id: PROGRAMME_ID },
  body: AmendProgrammeDto,
  examples: { 'the full name': { name: 'Lipid management programme', reason: 'its full name' } },
  answers: changed('The programme is amended.', PROGRAMME_CHANGED),
  problems: {
    404: ['programme-unknown'],
    409: ['outcomes-outside-life', 'name-taken'],
    422: ['programme-closed', ...TEXT_PROBLEMS],
  },
} satisfies CallSpec<ChangeReceipt>;

export const closeProgramme = {
  tag: 'Programmes',
  may: { steward: true },
  summary: 'Close a programme',
  description:
    'It takes no more outcomes of later days. Outcomes of its life can still be recorded, corrected and withdrawn.',
  params: { id: PROGRAMME_ID },
  body: CloseProgrammeDto,
  answers: changed('The programme is closed.', PROGRAMME_CHANGED),
  problems: {
    404: ['programme-unknown'],
    409: ['outcomes-outside-life'],
    422: ['programme-closed', 'outside-programme-life', ...TEXT_PROBLEMS],
  },
} satisfies CallSpec<ChangeReceipt>;

export const reopenProgramme = {
  tag: 'Programmes',
  may: { steward: true },
  summary: 'Reopen a programme',
  params: { id: PROGRAMME_ID },
  body: ReopenProgrammeDto,
  answers: changed('The programme is open.', PROGRAMME_CHANGED),
  problems: { 404: ['programme-unknown'], 422: [...TEXT_PROBLEMS] },
} satisfies CallSpec<ChangeReceipt>;

export const listProgrammes = {
  tag: 'Programmes',
  may: { reporter: true, auditor: true, steward: true, programme: 'in-list' },
  summary: 'List the programmes',
  query: CatalogueListQueryDto,
  answers: { 200: { says: 'A page of programmes, in order of id.', view: ProgrammeListView } },
} satisfies CallSpec<ProgrammeListView>;

export const readProgramme = {
  tag: 'Programmes',
  may: { reporter: true, auditor: true, steward: true, programme: 'in-path' },
  summary: 'Read a programme',
  params: { id: PROGRAMME_ID },
  query: OneEntryQueryDto,
  answers: { 200: { says: 'The programme as it stands.', view: ProgrammeView } },
  problems: { 404: ['programme-unknown'] },
} satisfies CallSpec<ProgrammeView>;

export const registerOrganisation = {
  tag: 'Organisations',
  may: { steward: true },
  summary: 'Register an organisation',
  description: 'With the name that it bears from the beginning; later names are posted to its names.',
  body: RegisterOrganisationDto,
  examples: {
    'a network': { id: 'wessex', name: 'Wessex AHSN', kind: 'network', from: '2013-04-01' },
  },
  answers: changed('The organisation is registered.', ORGANISATION_CHANGED),
  problems: {
    409: ['organisation-exists', 'name-taken'],
    422: ['organisation-unknown', 'life-reversed', ...TEXT_PROBLEMS],
  },
} satisfies CallSpec<ChangeReceipt>;

export const amendOrganisation = {
  tag: 'Organisations',
  may: { steward: true },
  summary: 'Amend what is said of an organisation',
  description: CHANGES,
  params: { id: ORGANISATION_ID },
  body: AmendOrganisationDto,
  examples: { 'a tag': { tags: { region: 'south' }, reason: 'to group networks by region' } },
  answers: changed('The organisation is amended.', ORGANISATION_CHANGED),
  problems: {
    404: ['organisation-unknown'],
    409: ['outcomes-outside-life'],
    422: ['organisation-unknown', 'parent-within', 'life-reversed', ...TEXT_PROBLEMS],
  },
} satisfies CallSpec<ChangeReceipt>;

export const renameOrganisation = {
  tag: 'Organisations',
  may: { steward: true },
  summary: 'Give an organisation a new name from a day on',
  description: 'Figures of before show the name of before.',
  params: { id: ORGANISATION_ID },
  body: RenameOrganisationDto,
  answers: changed('The organisation is renamed.', ORGANISATION_CHANGED),
  problems: {
    404: ['organisation-unknown'],
    409: ['name-date-taken', 'name-taken'],
    422: [...TEXT_PROBLEMS],
  },
} satisfies CallSpec<ChangeReceipt>;

export const listOrganisations = {
  tag: 'Organisations',
  may: READ_BY_ALL,
  summary: 'List the organisations',
  query: CatalogueListQueryDto,
  answers: { 200: { says: 'A page of organisations, in order of id.', view: OrganisationListView } },
} satisfies CallSpec<OrganisationListView>;

export const readOrganisation = {
  tag: 'Organisations',
  may: READ_BY_ALL,
  summary: 'Read an organisation',
  params: { id: ORGANISATION_ID },
  query: OrganisationQueryDto,
  answers: { 200: { says: 'The organisation, with all its names.', view: OrganisationView } },
  problems: { 404: ['organisation-unknown'] },
} satisfies CallSpec<OrganisationView>;

export const defineMeasure = {
  tag: 'Measures',
  may: { steward: true },
  summary: 'Define a measure',
  description:
    'It can be recorded at once. A `flow` is summed over time; a `stock` takes the latest value of a year and ' +
    'is never summed over years; a `ratio` is re-derived from its parts, never averaged or summed.',
  body: DefineMeasureDto,
  answers: changed('The measure is defined.', MEASURE_CHANGED),
  problems: {
    409: ['measure-exists', 'name-taken', 'event-type-taken'],
    422: [
      'event-type-reserved',
      'breakdown-repeated',
      'measure-unknown',
      'roll-up-mismatch',
      ...TEXT_PROBLEMS,
    ],
  },
} satisfies CallSpec<ChangeReceipt>;

export const reviseMeasure = {
  tag: 'Measures',
  may: { steward: true },
  summary: 'Revise the definition of a measure',
  description:
    'Each financial year is counted by the definition in force for it, whenever an outcome is recorded. Where years ' +
    'before and after cannot be compared (`comparable: false`), totals since a year that cross the change are ' +
    'refused, or flagged where they are asked for with `allowBreaks=true`.',
  params: { id: MEASURE_ID },
  body: ReviseMeasureDto,
  examples: {
    'a clearer name': {
      from: '2024-25',
      label: 'FeNO tests done',
      comparable: true,
      reason: 'a clearer name',
    },
  },
  answers: changed('The measure is revised.', MEASURE_CHANGED),
  problems: { 404: ['measure-unknown'], 409: ['name-taken'], 422: [...TEXT_PROBLEMS] },
} satisfies CallSpec<ChangeReceipt>;

export const listMeasures = {
  tag: 'Measures',
  may: READ_BY_ALL,
  summary: 'List the measures',
  query: CatalogueListQueryDto,
  answers: { 200: { says: 'A page of measures, in order of id.', view: MeasureListView } },
} satisfies CallSpec<MeasureListView>;

export const readMeasure = {
  tag: 'Measures',
  may: READ_BY_ALL,
  summary: 'Read a measure',
  params: { id: MEASURE_ID },
  query: OneEntryQueryDto,
  answers: { 200: { says: 'The measure as it stands.', view: MeasureView } },
  problems: { 404: ['measure-unknown'] },
} satisfies CallSpec<MeasureView>;
