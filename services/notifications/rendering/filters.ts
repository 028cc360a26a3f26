/** Filters of the templates. */
import type { Liquid } from 'liquidjs'
import type { Language } from './catalogue.ts'

/** What filters read of the rendering they work in. */
export interface FilterGlobals {
  language: Language
  timeZone: string
}

export function addFilters(engine: Liquid, form: 'text' | 'html'): Liquid {
  engine.registerFilter('digits', function (value: unknown) {
    return localDigits(String(value), (this.context.globals as FilterGlobals).language)
  })
  engine.registerFilter('time', function (value: unknown) {
    return localTime(String(value), this.context.globals as FilterGlobals)
  })
  engine.registerFilter('code', { raw: true, handler: forms[form].code })
  engine.registerFilter('button', { raw: true, handler: forms[form].button })
  return engine
}

const bengaliDigits = '০১২৩৪৫৬৭৮৯'

function localDigits(text: string, language: Language): string {
  return language === 'bn' ? text.replaceAll(/\d/g, (digit) => bengaliDigits[Number(digit)]!) : text
}

const locales = { en: 'en-GB', bn: 'bn-BD' }

/** `21 November 2026 at 18:05 GMT+6`. What is no time stays as it is. */
function localTime(text: string, { language, timeZone }: FilterGlobals): string {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) return text
  return new Intl.DateTimeFormat(locales[language], {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone,
    timeZoneName: 'shortOffset',
  }).format(time)
}

/** A code to be typed, and a link with its label, as paragraphs of their own. */
const forms = {
  text: {
    code: (value: unknown) => String(value),
    button: (link: unknown, label: unknown) => `${String(label)}:\n${String(link)}`,
  },
  html: {
    code: (value: unknown) =>
      `<p class="code" style="margin:0 0 16px;padding:12px 16px;border-radius:8px;background:#f1f3f5;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:28px;letter-spacing:6px">${escaped(value)}</p>`,
    button: (link: unknown, label: unknown) =>
      `<p style="margin:0 0 16px"><a class="button" href="${escaped(link)}" style="display:inline-block;padding:12px 20px;border-radius:8px;background:#1864ab;color:#ffffff;font-size:16px;font-weight:600;text-decoration:none">${escaped(label)}</a></p>`,
  },
}

function escaped(value: unknown): string {
  return String(value).replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}
