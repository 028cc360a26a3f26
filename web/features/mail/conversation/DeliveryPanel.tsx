/** What became of a message for each of its recipients. */
import { Badge, Drawer, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { OutputOf } from '#contracts/client.ts'
import { mail } from '#contracts/mail.ts'
import type { Message } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { Empty, Failed, Loading } from '#web/ui/states.tsx'
import classes from './message.module.css'

type Delivery = OutputOf<typeof mail.calls.showDelivery>['items'][number]

const colors: Record<Delivery['state'], string> = {
  scheduled: 'blue',
  queued: 'blue',
  delivered: 'green',
  relayed: 'green',
  delayed: 'yellow',
  failed: 'red',
  cancelled: 'gray',
}

export function DeliveryPanel({ message, onClose }: { message: Message; onClose: () => void }) {
  const { t } = useWords()
  const { data, error, refetch } = useQuery(queryOf(mail.calls.showDelivery, { messageId: message.id }))
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      title={t('mail.delivery')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      {error ? (
        <Failed error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <Loading />
      ) : data.items.length === 0 ? (
        <Empty title={t('mail.delivery.none')} isSmall />
      ) : (
        <Stack>
          {data.items.map((item) => (
            <Recipient key={item.address} item={item} />
          ))}
        </Stack>
      )}
    </Drawer>
  )
}

function Recipient({ item }: { item: Delivery }) {
  const { t, dateTime, number } = useWords()
  return (
    <section>
      <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
        {item.address}
      </Text>
      <Badge variant="light" color={colors[item.state]} tt="none" my={4}>
        {t(`mail.delivery.${item.state}`)}
      </Badge>
      <dl className={classes.details} style={{ margin: 0 }}>
        <dt>{t('mail.delivery.at')}</dt>
        <dd>{dateTime(item.changedAt)}</dd>
        {item.attempts > 0 && (
          <>
            <dt>{t('mail.delivery.attempts')}</dt>
            <dd>{number(item.attempts)}</dd>
          </>
        )}
        {item.nextAttemptAt && (
          <>
            <dt>{t('mail.delivery.next')}</dt>
            <dd>{dateTime(item.nextAttemptAt)}</dd>
          </>
        )}
        {item.server && (
          <>
            <dt>{t('mail.delivery.server')}</dt>
            <dd>{item.server}</dd>
            <dt>{t('mail.field.security')}</dt>
            <dd>
              {item.tls ?? t('mail.notEncrypted')}
              {item.tlsPolicy && ` · ${item.tlsPolicy}`}
            </dd>
          </>
        )}
        {item.answer && (
          <>
            <dt>{t('mail.delivery.answer')}</dt>
            <dd>
              <code>{item.answer}</code>
            </dd>
          </>
        )}
      </dl>
    </section>
  )
}
