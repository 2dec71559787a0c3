package assist

import (
	"github.com/assist-go/assist/internal/wire"
)

// words is one meaning in both languages, indexed by Language.
type words [2]string

func (w words) in(l Language) string {
	if l == LanguageEN {
		return w[LanguageEN]
	}
	return w[LanguageRU]
}

var unknownCode = words{"неизвестный код", "unknown code"}

// firstParameterCode is the lowest second code that names something: a parameter,
// an object or an operation. Those below are small numbers as any text may hold.
const firstParameterCode = 100

// meansNotPerformed tells the codes that prove that nothing was done. First
// codes 1, 2, 8, 11 and 16 don't: an internal error, a refused authorisation, a
// duplicate and a time-out may each stand behind money that moved. Neither does
// a second code that isn't in the table, nor 1 (unexpected) and 2 (document too
// large: what was too large may be the answer).
func meansNotPerformed(first, second int) bool {
	if _, known := secondCodes[second]; !known || second == 1 || second == 2 {
		return false
	}
	switch first {
	case 3, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 18, 19, 20, 21:
		return true
	}
	return false
}

// isTurnover tells the server's words for a day balance that is too small.
func isTurnover(message string) bool { return wire.IsTurnover(message) }

// ResponseCode is the result of one operation: "AS000". Unknown codes are kept
// as they came. The zero value is no code.
type ResponseCode string

// The response codes of protocol §9.
const (
	ResponseDone           ResponseCode = "AS000"
	ResponseDeclined       ResponseCode = "AS100"
	ResponseCardNumber     ResponseCode = "AS101"
	ResponseNoFunds        ResponseCode = "AS102"
	ResponseExpiry         ResponseCode = "AS104"
	ResponseCardLimit      ResponseCode = "AS105"
	ResponsePIN            ResponseCode = "AS106"
	ResponseDataError      ResponseCode = "AS107"
	ResponseFraudSuspected ResponseCode = "AS108"
	ResponseAssistLimit    ResponseCode = "AS109"
	Response3DSecure       ResponseCode = "AS110"
	ResponseRepeat         ResponseCode = "AS200"
	ResponseInProcess      ResponseCode = "AS300"
	ResponseNoPayment      ResponseCode = "AS400"
	ResponseSystemError    ResponseCode = "AS998"
)

var responseCodes = map[ResponseCode]words{
	ResponseDone:           {"выполнено", "done"},
	ResponseDeclined:       {"отклонено", "declined"},
	ResponseCardNumber:     {"неверный номер карты", "wrong card number"},
	ResponseNoFunds:        {"недостаточно средств", "no funds"},
	ResponseExpiry:         {"неверный срок действия карты", "wrong expiry date"},
	ResponseCardLimit:      {"превышен лимит по карте", "card limit exceeded"},
	ResponsePIN:            {"неверный ПИН-код", "wrong PIN"},
	ResponseDataError:      {"ошибка приёма данных", "data reception error"},
	ResponseFraudSuspected: {"подозрение на мошенничество", "fraud suspected"},
	ResponseAssistLimit:    {"превышен лимит Ассист", "Assist limit exceeded"},
	Response3DSecure:       {"требуется 3-D Secure", "3-D Secure required"},
	ResponseRepeat:         {"повторите авторизацию", "repeat the authorisation"},
	ResponseInProcess:      {"в процессе обработки", "in process"},
	ResponseNoPayment:      {"нет такого платежа", "no such payment"},
	ResponseSystemError:    {"системная ошибка", "system error"},
}

// Known tells whether the code is in the table of protocol §9.
func (c ResponseCode) Known() bool {
	_, ok := responseCodes[c]
	return ok
}

// Meaning puts the code into words; an unknown code is called unknown.
func (c ResponseCode) Meaning(l Language) string {
	if w, ok := responseCodes[c]; ok {
		return w.in(l)
	}
	return unknownCode.in(l)
}

// refuses tells the codes that mean "declined, no money moved": AS100-AS106,
// AS108-AS110 and AS400. AS107 (the data may have been received) is not one of
// them. AS103 stands inside the range without a text of its own.
func (c ResponseCode) refuses() bool {
	switch c {
	case "AS100", "AS101", "AS102", "AS103", "AS104", "AS105", "AS106", "AS108", "AS109", "AS110", "AS400":
		return true
	}
	return false
}

var firstCodes = map[int]words{
	0:  {"без ошибок", "ok"},
	1:  {"ошибка", "error"},
	2:  {"внутренняя ошибка", "internal error"},
	3:  {"не указан параметр", "parameter missing"},
	4:  {"неверный формат параметра", "wrong parameter format"},
	5:  {"неверное значение параметра", "wrong parameter value"},
	6:  {"неверная версия системы", "wrong system version"},
	7:  {"ошибка аутентификации", "authentication failed"},
	8:  {"ошибка авторизации", "authorisation failed"},
	9:  {"ошибка шифрования", "encryption failed"},
	10: {"объект отсутствует", "object missing"},
	11: {"объект уже существует", "object duplicate"},
	12: {"объект заблокирован", "object locked"},
	14: {"объект запрещён", "object prohibited"},
	15: {"операция запрещена", "operation prohibited"},
	16: {"истекло время ожидания", "timed out"},
	17: {"превышены ограничения", "limits exceeded"},
	18: {"подозрение на мошенничество", "fraud suspected"},
	19: {"доступ запрещён", "access denied"},
	20: {"3-D Secure", "3-D Secure"},
	21: {"операция отклонена", "operation rejected"},
}

var secondCodes = map[int]words{
	0: {"", ""}, 1: {"непредвиденная", "unexpected"}, 2: {"слишком большой документ", "document too large"},
	3: {"слишком частые запросы", "requests too frequent"}, 4: {"слишком большой интервал", "interval too large"},
	5: {"шифрование ключа", "key encryption"}, 6: {"расшифровка ключа", "key decryption"},
	100: {"MERCHANT_ID", "MERCHANT_ID"}, 101: {"LOGIN", "LOGIN"}, 102: {"PASSWORD", "PASSWORD"}, 103: {"FORMAT", "FORMAT"},
	104: {"дата", "DATE"}, 105: {"валюта", "CURRENCY"}, 106: {"номер средства платежа", "MEANNUMBER"},
	107: {"номер заказа", "ORDERNUMBER"}, 108: {"сумма", "AMOUNT"}, 109: {"DELAY", "DELAY"}, 110: {"комментарий", "COMMENT"},
	111: {"тип средства платежа", "MEANTYPE"}, 112: {"месяц срока действия", "EXPIREMONTH"}, 113: {"год срока действия", "EXPIREYEAR"},
	114: {"держатель карты", "CARDHOLDER"}, 115: {"CSC2", "CSC2"}, 116: {"IP-адрес клиента", "CLIENTIP"}, 117: {"фамилия", "LASTNAME"},
	118: {"имя", "FIRSTNAME"}, 119: {"отчество", "MIDDLENAME"}, 120: {"EMAIL", "EMAIL"}, 121: {"адрес", "ADDRESS"}, 122: {"телефон", "PHONE"},
	123: {"город", "CITY"}, 124: {"регион", "STATE"}, 125: {"индекс", "ZIP"}, 126: {"LIMITTYPE", "LIMITTYPE"}, 127: {"язык", "LANGUAGE"},
	128: {"страна", "COUNTRY"}, 129: {"начало периода", "START*"}, 130: {"конец периода", "END*"}, 131: {"SUCCESS", "SUCCESS"},
	132: {"ZIPFLAG", "ZIPFLAG"}, 133: {"HEADER", "HEADER"}, 134: {"HEADER", "HEADER"}, 135: {"разделитель", "DELIMITER"},
	136: {"разделитель", "DELIMITER"}, 137: {"разделитель", "DELIMITER"}, 138: {"разделитель", "DELIMITER"}, 139: {"FIELDS", "FIELDS"},
	140: {"SSL", "SSL"}, 141: {"логин или пароль", "LOGIN/PASSWORD"}, 142: {"срок действия", "EXPIRE*"}, 143: {"номер платежа", "BILLNUMBER"},
	144: {"PROTECTCODE", "PROTECTCODE"}, 145: {"тип операции", "OPTYPE"}, 146: {"состояние операции", "OPSTATE"},
	147: {"серия документа", "RPSERIES"}, 148: {"номер документа", "RPNUMBER"}, 149: {"ASSISTID", "ASSISTID"}, 150: {"ПИН-код", "PIN"},
	153: {"номер билета или PNR", "TICKET_NUMBER/PNR"}, 154: {"URL", "URL"}, 155: {"TRANSACT_ID", "TRANSACT_ID"},
	156: {"TID", "TID"}, 157: {"MID", "MID"}, 158: {"параметр без известного названия", "a parameter of no known name"}, 159: {"BIN", "BIN"},
	161: {"номер счёта", "BILLINGNUMBER"}, 163: {"состояние транзакции", "TRANSACTSTATE"}, 164: {"состояние заказа", "ORDERSTATE"},
	165: {"тип транзакции", "TRANSACTTYPE"}, 167: {"курс", "RATE"}, 170: {"код ответа", "RESPONSECODE"}, 173: {"IP-адрес", "IP"}, 176: {"PNR", "PNR"}, 177: {"PAYMENTMODE", "PAYMENTMODE"},
	179: {"чек", "CHEQUE"}, 185: {"способ отправки счёта", "BILLSENDTYPE"}, 186: {"HASHTYPE", "HASHTYPE"}, 187: {"номер счёта", "BILLNO"},
	188: {"шаблон номера счёта", "BILLNOTEMPLATE"}, 189: {"BILL_ID", "BILL_ID"}, 190: {"состояние счёта", "BILLSTATE"},
	200: {"предприятие", "enterprise"}, 201: {"заказ", "order"}, 202: {"покупатель", "buyer"}, 203: {"карта", "card"}, 204: {"банк", "bank"},
	205: {"процессинг", "processing"}, 206: {"терминал", "terminal"}, 207: {"страна", "country"}, 208: {"валюта", "currency"},
	209: {"курс", "rate"}, 210: {"комиссия", "commission"}, 211: {"лимит", "limit"}, 212: {"тестовый режим", "test mode"},
	213: {"тип платежа", "payment type"}, 214: {"шаблон", "template"}, 215: {"SOAP-пакет", "SOAP packet"}, 216: {"операция", "operation"},
	217: {"тип средства платежа", "mean type"}, 218: {"средство платежа", "payment mean"}, 220: {"транзакция", "transaction"},
	221: {"пользователь", "user"}, 225: {"юридическое лицо", "legal entity"}, 226: {"компания", "company"}, 228: {"счёт", "bill"},
	300: {"отмена авторизации", "authorisation cancel"}, 301: {"возврат", "refund"}, 302: {"депозит", "deposit"},
	305: {"отмена финансовой транзакции", "financial transaction cancel"}, 306: {"платёж", "payment"}, 307: {"подтверждение", "confirmation"},
	308: {"отмена", "cancel"}, 309: {"аннулирование счёта", "bill annulment"}, 320: {"рекуррентный платёж", "recurring"},
	350: {"веб-сервис", "web service"},
	400: {"сервер каталогов", "directory server"}, 402: {"ожидание 3-D Secure", "waiting for 3-D Secure"}, 403: {"отказ 3-D Secure", "refused by 3-D Secure"},
}

// Language is the language of Assist's messages. The zero value is Russian,
// which is also what Assist's cancel service takes by default (protocol §3).
type Language int

// The languages that Assist speaks.
const (
	LanguageRU Language = iota
	LanguageEN
)

// String gives the wire value: "RU" or "EN".
func (l Language) String() string {
	if l == LanguageEN {
		return "EN"
	}
	return "RU"
}

const (
	secondCodeTooFrequent      = 3
	secondCodeIntervalTooLarge = 4
)
