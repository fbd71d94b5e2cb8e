/**
 * Decides whether a text names a person, as far as that can be known: a title, a label such as `patient:` or a common
 * given name, with a capitalised name after it. Words of street names, buildings and bodies ("… Hospital", "… Road")
 * turn the same capitals into a place.
 */

const TITLES = wordsOf('mr mrs ms miss mx dr prof professor sir dame lady lord rev reverend');
const LABELS = wordsOf(
  'name named called patient client resident carer mother father son daughter wife husband partner parent sister ' +
    'brother lady gentleman man woman girl boy',
);

const NOT_OF_PERSONS = wordsOf(
  'academy agency ambulance arena association avenue barracks block board borough bridge building buildings campus ' +
    'care castle cathedral centre chapel charity church city clinic close coast collaborative college commission ' +
    'committee community council county court cottage crescent department district drive east england estate ' +
    'farm federation floor forum foundation gardens gate general green group grove hall health healthcare ' +
    'heights high hill hospice hospital hospitals house icb industrial infirmary innovation institute integrated ' +
    'king lane library limited lodge london ltd manor market medical mews mill ministry museum network nhs north nursery ' +
    'office palace park parade pharmacy place plc practice prison programme project quay queen region research road row royal ' +
    'school science service services south square st stadium station street studio suite surgery team terrace theatre ' +
    'tower trust union unit university view villas walk ward way west wharf wing works yard',
);

/** Common given names in England, across ages and origins, without those that are places or plain words. */
const GIVEN_NAMES = wordsOf(
  'aaliyah aaron abdul abdullah abigail abu adam adrian agnes ahmed aisha alan albert alex alexander alexandra alfie ' +
    'alfred ali alice alison amanda amber amelia amina amir amy ananya andrea andrew andrzej angela anil anita ann anna ' +
    'anne annie anthony antony anya archie arthur arun asad ashley asif audrey ava barbara barry beatrice ben benjamin ' +
    'bernard beth bethany betty beverley brenda brian bridget bruce callum cameron carl carol caroline catherine charles ' +
    'charlie charlotte chloe chris christine christopher claire clare colin connor craig cynthia daisy daniel danielle ' +
    'darren dave david dawn dean deborah debbie deepak denise dennis derek diana diane donald donna doreen dorothy dylan ' +
    'edith edna edward edwin eileen elaine eleanor elena eliza elizabeth ella ellen ellie elsie emily emma eric erin ' +
    'ernest esme ethan ethel eva evelyn evie fatima felix fiona frances francis frank fred freddie frederick freya gareth ' +
    'gary gavin gemma geoffrey george georgia gerald gillian gladys glen glenn gordon graham greg gurpreet hannah harold ' +
    'harriet harry harvey hassan hayley hazel heather helen henry hilary howard hugh hussain ian ibrahim imran irene ' +
    'isabel isabella isabelle isla ismail ivan ivy jack jacob jacqueline jade jake jamal james jamie jane janet ' +
    'janice jasmine jason jasper jayne jean jennifer jenny jeremy jessica jill jim joan joanna joanne joe joel john ' +
    'jonathan jordan jose joseph josephine josh joshua joyce juan judith julia julian julie karen karl kate ' +
    'katherine kathleen kathryn katie kayleigh keith kelly kenneth kerry kevin khadija kieran kim kimberley kirsty ' +
    'krishna kumar kyle lakshmi lara laura lauren lawrence leah lee leo leon leonard lesley leslie lewis liam lily linda ' +
    'lisa logan lorraine louis louise luca lucas lucy luke lydia lynn lynne madison malcolm margaret maria marian ' +
    'marie marilyn marion marjorie mark martin mary maryam mason matilda matthew maureen max maya megan melanie melissa mia ' +
    'michael michelle mike mohamed mohammad mohammed mohamud molly monica muhammad musa nadia nancy naomi natalie natasha ' +
    'nathan neil nicholas nicola nigel noah nora norma norman oliver olivia omar oscar owen pamela parveen patricia ' +
    'patrick paul paula pauline peggy penelope penny peter philip phillip phyllis piotr poppy pradeep priya rachel rajesh ' +
    'ralph raymond rebecca reuben rhys richard ricky robert robin roger ronald rory rosemary rosie ross roy russell ruth ' +
    'ryan sally sam samantha samina samuel sana sandra sanjay sara sarah saira scott sean sebastian shah shannon sharon ' +
    'sheila shirley sian simon sofia sonia sophia sophie stacey stanley stella stephanie stephen steve steven stuart ' +
    'sunita susan suzanne sylvia syed tanya tariq teresa terence terry thelma theo theresa thomas tim timothy tina toby ' +
    'tom tomasz tony tracey tracy trevor tyler usman valerie vanessa vera veronica vijay vincent violet walter wayne wendy ' +
    'william winifred xavier yasmin yusuf yvonne zainab zara zoe',
);

interface Word {
  readonly text: string;
  readonly lower: string;
  readonly start: number;
  readonly end: number;
}

const WORD = /\p{L}[\p{L}\p{M}'’-]{0,60}/gu;

export function namesPerson(text: string): boolean {
  let run: Word[] = [];
  let before: readonly Word[] = [];
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const next = { text: word, lower: lowered(word), start: index, end: index + word.length };
    const last = run.at(-1);
    if (last && joins(last, next, text)) {
      run.push(next);
      continue;
    }
    if (isPerson(run, before, text)) return true;
    [before, run] = [run, [next]];
  }
  return isPerson(run, before, text);
}

const isCapitalised = ({ text }: Word) => /^\p{Lu}/u.test(text);
const isInitial = ({ text }: Word) => text.length === 1;

function joins(last: Word, next: Word, text: string): boolean {
  if (!isCapitalised(last) || !isCapitalised(next)) return false;
  const between = text.slice(last.end, next.start);
  if (/^[^\S\n]{1,2}$/.test(between)) return true;
  return (isInitial(last) || TITLES.has(last.lower)) && /^\.[^\S\n]{0,2}$/.test(between);
}

function isPerson(run: readonly Word[], before: readonly Word[], text: string): boolean {
  const [first] = run;
  if (!first || !isCapitalised(first) || run.some(({ lower }) => NOT_OF_PERSONS.has(lower))) return false;
  const introduced = run.slice(run.findIndex((word) => introduces(word, text)) + 1);
  if (introduced.length < run.length && introduced.some((word) => !isInitial(word))) return true;
  // A two-word run such as "J Placeholder" is a name, but "A visit" and "I saw" are not.
  const [, surname] = run;
  if (run.length === 2 && /^[B-HJ-Z]$/.test(first.text) && !isInitial(surname!)) return true;
  const introduction = before.at(-1);
  if (!introduction) return false;
  const between = text.slice(introduction.end, first.start);
  // A label introduces a name in "patient: Surname" and "patient Given Surname".
  if (LABELS.has(introduction.lower)) {
    return /^\s?:\s{0,2}$/.test(between) || (run.length > 1 && /^[^\S\n]{1,2}$/.test(between));
  }
  const isSurname = isCapitalised(introduction) && !before.some(({ lower }) => NOT_OF_PERSONS.has(lower));
  return isSurname && between === ', ' && run.length === 1 && GIVEN_NAMES.has(first.lower);
}

/** A surname may follow a title, a given name, or an initial with its full stop. */
function introduces(word: Word, text: string): boolean {
  return TITLES.has(word.lower) || GIVEN_NAMES.has(word.lower) || (isInitial(word) && text[word.end] === '.');
}

/** "Patel's" becomes "patel". */
const lowered = (word: string) => word.toLowerCase().replace(/['’]s$/, '');

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.split(' '));
}
