module github.com/assist-go/assist/desk

go 1.25.0

require (
	github.com/assist-go/assist v0.0.0
	github.com/assist-go/assist/refunds v0.0.0
)

require golang.org/x/text v0.41.0 // indirect

replace (
	github.com/assist-go/assist => ..
	github.com/assist-go/assist/refunds => ../refunds
)
