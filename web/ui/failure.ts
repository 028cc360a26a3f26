/** Failures in the words of the person. */
import { useCallback } from 'react'
import { CallError, type FieldError } from '#contracts/errors.ts'
import { useWords } from '#web/app/language.tsx'
import type { Words } from '#web/app/words.ts'
import { failureKeys, fieldMessageKeys } from '#web/messages/failures.ts'

export function useFailureText(): (error: unknown) => string {
  const words = useWords()
  return useCallback((error: unknown) => failureText(words, error), [words])
}

export function failureText({ t, language, counted }: Words, error: unknown): string {
  if (!(error instanceof CallError)) return t('failure.bug')
  if (error.code === 'tooManyRequests' && error.retryAfterSeconds !== undefined)
    return counted('failure.tryAgainIn', Math.ceil(error.retryAfterSeconds))
  const key = failureKeys[error.code]
  if (key) return t(key)
  // The server speaks English.
  return language === 'en' && error.message !== error.code ? error.message : t('failure.other')
}

export function fieldText({ t, language }: Words, { message }: FieldError): string {
  const known = fieldMessageKeys.find(([pattern]) => pattern.test(message))
  if (known) return t(known[1])
  return language === 'en' ? capitalized(message) : t('field.wrong')
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
