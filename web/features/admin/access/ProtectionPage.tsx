/** Who may not come in, and how often others may. */
import { useWords } from '#web/app/language.tsx'
import { Page } from '#web/ui/Page.tsx'
import { BlocklistSection } from './BlocklistSection.tsx'
import { LimitsSection } from './LimitsSection.tsx'
import { OffendersSection } from './OffendersSection.tsx'

export function ProtectionPage() {
  const { t } = useWords()
  return (
    <Page title={t('admin.protection')} text={t('protection.text')} width="wide">
      <BlocklistSection />
      <OffendersSection />
      <LimitsSection />
    </Page>
  )
}
