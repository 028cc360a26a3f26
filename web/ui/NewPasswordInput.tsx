/** A field for a password that is being chosen, with a hint how hard it is to guess. */
import { PasswordInput, Progress, Text, type PasswordInputProps } from '@mantine/core'
import { useId } from 'react'
import { useWords } from '#web/app/language.tsx'
import { strengthOf } from './password-strength.ts'

const colors = { short: 'red', weak: 'red', fair: 'yellow', good: 'green', strong: 'green' } as const
const shares = { short: 10, weak: 30, fair: 55, good: 80, strong: 100 } as const

export function NewPasswordInput({ value, ...props }: PasswordInputProps & { value: string }) {
  const { t } = useWords()
  const hintId = useId()
  const strength = strengthOf(value)
  return (
    <div>
      <PasswordInput
        autoComplete="new-password"
        minLength={8}
        maxLength={1024}
        {...props}
        value={value}
        aria-describedby={hintId}
      />
      {value !== '' && (
        <Progress
          value={shares[strength]}
          color={colors[strength]}
          size={4}
          mt={6}
          aria-label={t('password.strength')}
        />
      )}
      <Text id={hintId} size="xs" c="dimmed" mt={4} aria-live="polite">
        {value === '' ? t('password.hint') : t(`password.${strength}`)}
      </Text>
    </div>
  )
}
