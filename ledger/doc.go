/*
Package ledger keeps the day balance of a merchant's e-wallets in memory: what was
paid on a wallet during the Moscow day, less the bank's commission, less what went
back. A refund by a wallet may not exceed it (protocol §6), and a client that has a
balance knows that before anything is sent.

	package main

	import (
		"fmt"
		"log"
		"time"

		"github.com/assist-go/assist"
		"github.com/assist-go/assist/ledger"
	)

	func main() {
		books, err := ledger.New(ledger.Rates{assist.QIWI: 35_000}, nil) // the bank keeps 3.5 %
		if err != nil {
			log.Fatal(err)
		}
		paid, err := assist.ParseMoney("1000.00", "RUB")
		if err != nil {
			log.Fatal(err)
		}
		if err := books.Paid("5700027202722028.1", assist.QIWI, paid, time.Now()); err != nil {
			log.Fatal(err)
		}
		fmt.Println(books.Balance(assist.QIWI, "RUB", time.Now()).Available)
		// Output: 965.00 RUB
	}

A client is made with the books by [assist.WithWalletRules].

[FromResults] feeds itself by asking Assist, once in ten minutes at most. [New] makes
books that the merchant feeds. Both are an [assist.DayBalance] and an
[assist.OperationBook]; several processes that cancel need one of their own between
them, in a shared store. What was decided where Assist's documents are silent stands
in docs/wallets.md.
*/
package ledger
