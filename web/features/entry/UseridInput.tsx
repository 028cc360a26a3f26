/** The name of a mailbox on our domain, and whether it can be had. */
import { Text, TextInput, type TextInputProps } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'

const texts = {
  malformed: 'field.useridMalformed',
  foreignDomain: 'field.useridForeign',
  reserved: 'field.useridReserved',
  taken: 'field.useridTaken',
} as const

export function UseridInput({ domain, value, ...props }: TextInputProps & { domain: string; value: string }) {
  const { t } = useWords()
  const [userid] = useDebouncedValue(value.trim(), 400)
  const check = useQuery({ ...queryOf(identity.calls.checkUserid, { userid }), enabled: userid.length > 1 })
  const isCurrent = userid === value.trim() && check.data !== undefined
  const problem = isCurrent ? check.data?.problem : undefined
  return (
    <TextInput
      label={t('field.userid')}
      autoComplete="username"
      autoCapitalize="none"
      spellCheck={false}
      rightSection={
        <Text size="sm" c="dimmed" pr="sm" truncate>
          @{domain}
        </Text>
      }
      rightSectionWidth={`min(${domain.length + 3}ch, 55%)`}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      {...props}
      value={value}
      error={props.error ?? (problem ? t(texts[problem]) : undefined)}
      description={
        <span aria-live="polite">
          {problem === null
            ? t('field.useridFree', { userid: `${userid}@${domain}` })
            : t('field.useridHint')}
        </span>
      }
    />
  )
}
