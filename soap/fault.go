package soap

import (
	"github.com/assist-go/assist/internal/wire"
	"github.com/assist-go/assist/internal/xmlscan"
)

// readFault reads a Fault. What it says besides Assist's own texts is passed
// over.
func readFault(scan *xmlscan.Scanner, f *wire.Fault) error {
	detail := false
	for {
		more, err := scan.Child()
		if err != nil || !more {
			return err
		}
		if scan.Name() != (xmlscan.Name{Local: "detail"}) {
			if err := faultText(scan, f); err != nil {
				return err
			}
			continue
		}
		if detail {
			return &wire.NameError{Name: "detail", Err: wire.ErrDuplicate}
		}
		detail = true
		// The detail's texts stand in it, or one level down in an element
		// that a vendor names.
		if err := readDetail(scan, f, 2); err != nil {
			return err
		}
	}
}

// readDetail reads the fault's texts of the element just started and, below
// it, of the elements without a name of ours, levels deep. Its text is free.
func readDetail(scan *xmlscan.Scanner, f *wire.Fault, levels int) error {
	for {
		kind, err := scan.Next()
		if err != nil || kind == xmlscan.End {
			return err
		}
		if levels > 1 && !isFaultText(scan.Name()) {
			err = readDetail(scan, f, levels-1)
		} else {
			err = faultText(scan, f)
		}
		if err != nil {
			return err
		}
	}
}

func isFaultText(name xmlscan.Name) bool {
	return (name.Space == "" || name.Space == serviceSpace) && wire.IsFaultText(name.Local)
}

// faultText reads the element just started if it is a text of a fault.
func faultText(scan *xmlscan.Scanner, f *wire.Fault) error {
	name := scan.Name()
	if !isFaultText(name) {
		return scan.Skip()
	}
	text, err := scan.Leaf()
	if err != nil {
		return err
	}
	return f.Put(name.Local, text)
}
