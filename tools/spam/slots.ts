/** Fills templates: `{slot}` by a made-up value, `[this|that]` by one of its choices, nested as one likes. */
import { createRandom, integer, pick, type Random } from './random.ts'

export type Slots = Record<string, string>

/** Unknown slots stay as they stand, for the reader of the output to see. */
export function fill(template: string, random: Random, slots: Slots): string {
  let text = template
  for (let round = 0; round < 20 && /\[[^[\]]*\|[^[\]]*\]/.test(text); round++)
    text = text.replaceAll(/\[([^[\]]*\|[^[\]]*)\]/g, (_, choices: string) =>
      pick(random, choices.split('|')),
    )
  return text.replaceAll(/\{([a-z]+)(\d?)\}/gi, (whole, name: string, digit: string) => {
    const key = `${name}${digit}`
    const make = makers[name]
    slots[key] ??= make === undefined ? whole : make(random)
    return slots[key]
  })
}

export function makePerson(random: Random): { first: string; last: string } {
  return { first: pick(random, firstNames), last: pick(random, lastNames) }
}

/** A name that is free to guess: syllables, with an ending of the trade. */
function makeDomain(random: Random, tops: readonly string[] = ordinaryTops): string {
  return `${makeWord(random, 2, 3)}${pick(random, ['', '', '', 'shop', 'group', 'media', 'labs', 'works', '-online'])}.${pick(random, tops)}`
}

const ordinaryTops = [
  'com',
  'com',
  'com',
  'com',
  'org',
  'net',
  'co',
  'io',
  'co.uk',
  'de',
  'com.bd',
  'in',
  'eu',
  'fr',
  'com.au',
  'ca',
]
const cheapTops = [
  'xyz',
  'top',
  'click',
  'icu',
  'buzz',
  'online',
  'site',
  'cfd',
  'sbs',
  'live',
  'shop',
  'info',
  'com',
  'com',
  'net',
  'us',
  'ru',
  'cn',
  'pl',
  'co',
]
const freeDomains = [
  'gmail.com',
  'gmail.com',
  'gmail.com',
  'outlook.com',
  'yahoo.com',
  'hotmail.com',
  'icloud.com',
  'proton.me',
  'gmx.com',
  'aol.com',
]

const words = (text: string) => text.split(' ')

const firstNames = words(
  'James Maria Ayesha Rahim Nusrat Daniel Sofia Liam Chen Priya Arif Tanvir Emma Olivia Noah Fatima Omar Julia Pedro Ingrid Hana Yusuf Karim Sadia Farhana Mehedi Lucas Mia Anna Peter Grace Ruth Tom Nadia Imran Shirin Kamal Rupa Sumon Elena Marco Yuki Wei Aditi Rohan Zoe Leo Ben Chloe Amina Jonas Freya Victor Laila Kevin Sandra Michael Rebecca Steve Angela',
)
const lastNames = words(
  'Rahman Smith Ahmed Khan Hossain Garcia Miller Chowdhury Akter Islam Johnson Patel Kim Lee Nguyen Müller Rossi Silva Begum Das Roy Sarkar Haque Brown Wilson Taylor Anderson Novak Jensen Costa Dubois Sato Tanaka Wang Lopez Evans Murphy Clark Bennett Uddin Mia Siddique Karim Banerjee Sen Ghosh Weber Keller Olsen Petrov Sharma Gupta',
)
const syllables = words(
  'bra cor den fel gar hol jun kel lor mar nel pol qui ros sel tor vel wen zan bri cla dor fen gri hal lin mon nor pel ras sil tam ul vor wes yar ald ber cas dun eld fir gan hel ist jor',
)
const streets = words('Maple Station Park Mirpur Banani Lake Mill Church King Green-Road Hill Elm Market')
const cities = words(
  'Dhaka Chattogram Sylhet London Berlin Khulna Austin Toronto Leeds Mumbai Kolkata Dublin Lisbon Seattle Rajshahi Singapore Manchester Madrid Portland Denver Chicago Glasgow',
)
const months = words('January February March April May June July August September October November December')
const weekdays = words('Monday Tuesday Wednesday Thursday Friday Saturday Sunday')
const goods = [
  'running shoes',
  'linen shirts',
  'desk lamps',
  'coffee beans',
  'wireless headphones',
  'garden chairs',
  'rain jackets',
  'notebooks',
  'ceramic mugs',
  'yoga mats',
  'backpacks',
  'winter coats',
  'phone cases',
  'kitchen knives',
  'bedding',
  'board games',
  'sarees',
  'panjabis',
  'sunglasses',
  'bluetooth speakers',
  'office chairs',
  'skincare sets',
  'baby clothes',
  'cycling gear',
  'tea sets',
  'bookshelves',
]
const topics = [
  'the quarterly report',
  'the budget',
  'the website redesign',
  'the supplier contract',
  'the hiring plan',
  'the office move',
  'the trade fair',
  'the new catalogue',
  'the delivery schedule',
  'the training day',
  'the audit',
  'the wedding',
  'the school trip',
  'the holiday plans',
  'the garden project',
  'the fundraiser',
  'the client visit',
  'the invoice run',
  'the inventory count',
  'the product launch',
  'the lease',
  'the annual meeting',
]
const techs = [
  'the parser',
  'the build script',
  'the network driver',
  'the package manager',
  'the kernel module',
  'the config loader',
  'the test suite',
  'the web server',
  'the mail client',
  'the database driver',
  'the scheduler',
  'the installer',
  'the plugin system',
  'the cache layer',
  'the X server',
  'the sound driver',
  'the RPM spec',
  'the Makefile',
  'the regex engine',
  'the IMAP code',
]
const bengaliNames = words(
  'রহিম করিম নুসরাত আয়েশা তানভীর সাদিয়া ফারহানা মেহেদী সুমন রুপা কামাল শিরিন ইমরান নাদিয়া আরিফ জাহিদ মিতু পলাশ রাশেদ তাসনিম',
)

export function makeWord(random: Random, least: number, most: number): string {
  return Array.from({ length: integer(random, least, most) }, () => pick(random, syllables)).join('')
}

const amount = (random: Random) => {
  const value = random() < 0.7 ? integer(random, 5, 240) : integer(random, 240, 9000)
  return `${pick(random, ['$', '$', '$', '€', '£', '৳', 'USD ', 'BDT '])}${value.toLocaleString('en-US')}${pick(random, ['', '.00', '.50', '.99', '.25'])}`
}

const makers: Record<string, (random: Random) => string> = {
  first: (random) => makePerson(random).first,
  last: (random) => makePerson(random).last,
  person: (random) => Object.values(makePerson(random)).join(' '),
  bengali: (random) => pick(random, bengaliNames),
  company: (random) => {
    const word = makeWord(random, 2, 3)
    return `${word[0]!.toUpperCase()}${word.slice(1)}${pick(random, ['', ' Ltd', ' Group', ' & Co', ' Trading', ' Studio', ' Systems', ' Foods', ' Textiles', ' Logistics', ' Partners'])}`
  },
  word: (random) => makeWord(random, 2, 3),
  list: (random) =>
    `${makeWord(random, 1, 2)}-${pick(random, ['users', 'dev', 'devel', 'discuss', 'talk', 'announce', 'help', 'general'])}`,
  amount,
  price: amount,
  bigsum: (random) => `${integer(random, 1, 48)},${integer(random, 100, 999)},000.00`,
  orderno: (random) =>
    `${pick(random, ['', '#', 'A-', 'ORD-', '10', 'INV-', 'BD'])}${integer(random, 10_000, 9_999_999)}`,
  code: (random) => String(integer(random, 100_000, 999_999)),
  number: (random) => String(integer(random, 2, 60)),
  big: (random) => integer(random, 1000, 99_000).toLocaleString('en-US'),
  percent: (random) => String(integer(random, 2, 14) * 5),
  year: (random) => String(integer(random, 2024, 2026)),
  month: (random) => pick(random, months),
  weekday: (random) => pick(random, weekdays),
  date: (random) =>
    pick(random, [
      `${integer(random, 1, 28)} ${pick(random, months)}`,
      `${pick(random, months)} ${integer(random, 1, 28)}`,
      `${integer(random, 1, 28)}/${integer(random, 1, 12)}/2026`,
    ]),
  time: (random) =>
    pick(random, [
      `${integer(random, 8, 19)}:${pick(random, ['00', '15', '30', '45'])}`,
      `${integer(random, 1, 12)} ${pick(random, ['am', 'pm'])}`,
    ]),
  city: (random) => pick(random, cities),
  street: (random) =>
    `${integer(random, 1, 220)} ${pick(random, streets)} ${pick(random, ['Street', 'Road', 'Avenue', 'Lane'])}`,
  phone: (random) =>
    pick(random, [
      `+1 (${integer(random, 201, 989)}) ${integer(random, 200, 999)}-${integer(random, 1000, 9999)}`,
      `+44 20 ${integer(random, 1000, 9999)} ${integer(random, 1000, 9999)}`,
      `+8801${integer(random, 300_000_000, 999_999_999)}`,
    ]),
  usphone: (random) =>
    `+1 (${integer(random, 801, 889)}) ${integer(random, 200, 999)}-${integer(random, 1000, 9999)}`,
  goods: (random) => pick(random, goods),
  topic: (random) => pick(random, topics),
  tech: (random) => pick(random, techs),
  version: (random) => `${integer(random, 0, 9)}.${integer(random, 0, 30)}.${integer(random, 0, 12)}`,
  hex: (random) => Array.from({ length: 12 }, () => integer(random, 0, 15).toString(16)).join(''),
  domain: (random) => makeDomain(random),
  cheap: (random) => makeDomain(random, cheapTops),
  free: (random) => pick(random, freeDomains),
  freesite: (random) =>
    `${makeWord(random, 2, 3)}-${integer(random, 10, 999)}.${pick(random, ['web.app', 'weebly.com', 'pages.dev', 'workers.dev', 'vercel.app', 'netlify.app', 'blogspot.com', 'r2.dev', 'github.io', 'square.site'])}`,
  short: (random) =>
    `${pick(random, ['bit.ly', 'tinyurl.com', 'cutt.ly', 't.ly', 'is.gd', 'rb.gy'])}/${makeWord(random, 1, 2)}${integer(random, 1, 99)}`,
  ip: (random) => Array.from({ length: 4 }, () => integer(random, 11, 220)).join('.'),
  btc: (random) =>
    `bc1q${Array.from({ length: 38 }, () => pick(random, [...'acdefghjklmnpqrstuvwxyz023456789'])).join('')}`,
  handle: (random) =>
    `${makeWord(random, 1, 3)}${pick(random, ['', '', String(integer(random, 1, 99)), String(integer(random, 1980, 2005))])}`,
  junk: (random) =>
    Array.from({ length: integer(random, 6, 14) }, () =>
      pick(random, [...'abcdefghijklmnopqrstuvwxyz0123456789']),
    ).join(''),
}

/** For a template's own numbering. */
export function randomFor(...seed: (string | number)[]): Random {
  return createRandom(seed.join('/'))
}
