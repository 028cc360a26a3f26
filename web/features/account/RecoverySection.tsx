import { Button } from '@mantine/core'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { useCommand } from '#web/app/queries.ts'
import { useFailureNotice } from '#web/ui/notices.ts'
import { Section } from '#web/ui/Section.tsx'

export interface RecoverySectionProps {
  left: number
  /** There is something that they stand in for. */
  isNeeded: boolean
  onCodes: (codes: string[]) => void
}

export function RecoverySection({ left, isNeeded, onCodes }: RecoverySectionProps) {
  const { t, counted } = useWords()
  const notifyFailure = useFailureNotice()
  const make = useCommand(identity.calls.makeRecoveryCodes, {
    refreshes: [identity.calls.showSecurity],
    onDone: ({ recoveryCodes }) => onCodes(recoveryCodes),
  })
  const action = (
    <Button
      variant="default"
      loading={make.isPending}
      onClick={() => make.mutate({}, { onError: notifyFailure })}
    >
      {t('recovery.make')}
    </Button>
  )
  return (
    <Section
      title={t('recovery.title')}
      text={isNeeded ? `${t('recovery.text')} ${counted('recovery.left', left)}` : t('recovery.notNeeded')}
      actions={isNeeded && action}
    />
  )
}
