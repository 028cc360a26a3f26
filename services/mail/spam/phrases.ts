/** Turns of phrase by what they are about, each apart by a bar; words as `readWords` reads them. */
export const phrasesByTopic = {
  advanceFee: `
    next of kin | deceased | late husband | inheritance | beneficiary | barrister | million dollars |
    million us dollars | million united states | foreign partner | business proposal | confidential
    transaction | transfer of funds | transfer the fund | unclaimed fund | unclaimed sum | bank of africa |
    security company | compensation fund | atm card | western union | money gram | diplomat | your utmost |
    strictly confidential | god bless | dear beloved | dear friend | percent of the total | modalities | sum
    of | trunk box | charity project | donate to you | donation to you | fund release | contract payment |
    risk free | your full name | private email | urgent response | my late father | bequeath | humanitarian`,
  extortion: `
    i hacked | hacked your | i have access to your | your webcam | recorded you | recorded a video | bitcoin
    wallet | btc wallet | pay me | send the video | your contacts will | to all your contacts | pleasuring
    yourself | adult sites | malware on your | trojan | you have 48 hours | you have 24 hours | your
    password is | rat software | your dirty | i recorded | split screen | my bitcoin | btc address |
    embarrassing video`,
  pharmacy: `
    viagra | cialis | levitra | xanax | valium | vicodin | phentermine | tramadol | online pharmacy |
    canadian pharmacy | no prescription | without prescription | prescription needed | generic drugs | meds
    online | cheap meds | human growth hormone | penis | enlargement | erectile | male enhancement |
    testosterone booster | keto | weight loss | lose weight | burn fat | belly fat | cbd gummies | anti
    aging | hgh | herbal | blood sugar | diabetes breakthrough | toenail fungus | tinnitus | hair loss |
    doctors hate`,
  credentials: `
    verify your account | confirm your account | verify your identity | confirm your identity | update your
    account | account has been suspended | account has been limited | account will be | account suspended |
    account is on hold | unusual activity | unusual sign | suspicious activity | mailbox is full | mailbox
    storage | quota exceeded | storage limit | password will expire | password expires | keep same password
    | keep my password | keep current password | reactivate | restore access | update your billing | update
    your payment | payment information | billing information | validate your | webmail | pending messages |
    undelivered messages | incoming messages | held messages | release messages | upgrade your mailbox |
    deactivated | de activated | will be terminated | will be closed | permanently deleted | permanently
    disabled | login below | sign in below | wallet will be | seed phrase | recovery phrase | connect your
    wallet | dear customer | dear client | valued customer | it department | mail administrator | account
    owner | has been locked | unlock your | আপনার একাউন্ট বন্ধ | অ্যাকাউন্ট স্থগিত | যাচাই করুন | পিন নম্বর
    | ওটিপি দিন | ভেরিফাই করুন`,
  urgency: `
    act now | immediately | within 24 hours | within 48 hours | urgent | final notice | last warning | final
    warning | last chance | expires today | immediate action | action required | as soon as possible | do
    not ignore | failure to | limited time | hurry | before it s too late | don t miss | time sensitive |
    জরুরি | এখনই | অবিলম্বে | ২৪ ঘণ্টার মধ্যে`,
  prize: `
    you have won | you ve won | you won | lottery | winning number | lucky winner | claim your prize | claim
    your reward | claim now | congratulations | selected to receive | you have been selected | you ve been
    selected | gift card | free gift | jackpot | sweepstakes | free iphone | exclusive reward | answer a
    short survey | free spins | casino | betting bonus | welcome bonus | prize money | promo award | লটারি |
    পুরস্কার জিতেছেন | আপনি জিতেছেন | ভাগ্যবান বিজয়ী | বোনাস পেতে | ক্যাসিনো`,
  credit: `
    mortgage | refinance | lowest rates | interest rates | bad credit | credit score | credit repair |
    consolidate | debt free | debt relief | get out of debt | pre approved | loan offer | instant loan |
    personal loan | quick loan | unsecured loan | no collateral | cash advance | life insurance | term life
    | free quote | no credit check | low interest | loan approved | ঋণ পাবেন | সহজ কিস্তি | জামানত ছাড়া`,
  investment: `
    stock alert | hot stock | penny stock | investment opportunity | guaranteed returns | guaranteed profit
    | double your | passive income | crypto trading | trading bot | forex | bitcoin investment | trading
    platform | target price | price target | strong buy | otcbb | symbol | forward looking statements |
    daily profit | return on investment | airdrop | presale | minimum deposit | financial freedom |
    financial independence | দ্বিগুণ লাভ | বিনিয়োগ করুন`,
  adult: `
    xxx | porn | hot girls | horny | nude | naked | sex | milf | lonely wives | live cams | hook up | hookup
    | adult dating | single ladies | lonely women | near you tonight | beautiful women | russian women | cum
    | teens | fuck | erotic | webcam girls | chat with me | my photos | slut`,
  getRich: `
    work from home | work at home | make money | earn money | extra income | earn extra | per week | be your
    own boss | no experience | multi level | mlm | home based business | online business | money making |
    easy money | cash in your | earn up to | six figure | opportunity of a lifetime | part time job |
    payment processor | ঘরে বসে আয় | অনলাইনে আয় | দৈনিক আয় | টাকা ইনকাম`,
  goods: `
    replica | rolex | luxury watches | designer handbags | oem software | cheap software | cable descrambler
    | toner | inkjet | wholesale price | lowest price | university diploma | degree without | bulk email |
    email addresses | million addresses | email list | printer cartridges | special offer | order now | buy
    now | click here | satisfaction guaranteed | money back guarantee | no obligation | call now | toll free
    | as seen on | free trial | limited offer | free shipping | unlimited | risk free trial | save up to |
    fda approved | our factory | best quality | competitive price | we are manufacturer | leading
    manufacturer`,
  pitch: `
    first page of google | rank your website | seo services | search engine optimization | search engine
    ranking | website traffic | backlinks | guest post | web design services | redesign your website |
    mobile app development | lead generation | qualified leads | attendees list | contact list | email
    marketing services | audit report | website audit | we are a team of | outsourcing company | quick call
    | i came across your | i found your website | domain authority | instagram followers | verified contacts
    | decision makers | price list and | trustpilot reviews`,
  boss: `
    are you available | are you at your desk | are you in the office | quick task | quick favor | quick
    favour | gift cards | wire transfer | change my bank | direct deposit | new bank account | bank details
    | payroll | i m in a meeting | can t talk | personal number | whatsapp number | kindly get back | kindly
    reply | process a payment | swift code | updated bank | updated banking | keep this between | discreet`,
  delivery: `
    package could not | parcel could not | delivery attempt | failed delivery | unable to deliver | delivery
    failed | customs fee | customs duty | redelivery | re delivery | shipping fee | reschedule your delivery
    | incomplete address | incorrect address | parcel is waiting | package is waiting | pending package |
    শুল্ক পরিশোধ | পার্সেল আটকে`,
  support: `
    auto renewed | auto renewal | has been renewed | renewal of your | has been charged | will be debited |
    has been debited | not authorize | did not authorize | cancel this order | call our | customer support
    number | helpline | help desk at | geek squad | norton | mcafee | antivirus | your device is infected |
    refund department | dispute this | subscription charge | invoice attached`,
  disclaimer: `
    this is not spam | not unsolicited | you are receiving this because you opted | you opted in | opt in
    list | bill 0000 | senate bill | s 0000 | section 000 | one time mailing | one time message | removed
    from our list | to be removed | remove in the subject | word remove | subject remove | removal
    instructions | remove you from | our mailing list please | to opt out | please forgive | reply with
    remove | if you wish to be removed | unsubscribe from all | this is an advertisement | this
    advertisement | not wish to receive`,
}
