// Package xmlscan reads one XML document from a string in UTF-8, strictly.
//
// It reads what payment servers send and refuses the rest: a document that is
// cut short, goes on after its end, nests too deep, names an undeclared
// prefix, gives an attribute twice or mixes text with elements is an error,
// never a guess. Entities of a DTD are never expanded and nothing is ever
// fetched. Time is linear in the length of the document.
//
// Liberties are taken where servers take them: a space may be missing between two
// attributes, white space may stand ahead of the XML declaration, and in texts "&"
// and "]]>" may stand for themselves and a number for no character, which then
// reads as U+FFFD.
//
//	s := xmlscan.New(doc)
//	for {
//		kind, err := s.Next()
//		if err != nil {
//			return err
//		}
//		if kind == xmlscan.EOF {
//			break
//		}
//		if kind == xmlscan.End {
//			fmt.Println(s.Name().Local, s.Text())
//		}
//	}
package xmlscan
