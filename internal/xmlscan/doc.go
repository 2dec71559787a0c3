// Package xmlscan reads one XML document from a string, strictly.
//
// It reads what payment servers send and refuses the rest: a document that is
// cut short, goes on after its end, nests too deep, names an undeclared
// prefix, gives an attribute twice or mixes text with elements is an error,
// never a guess. Entities of a DTD are never expanded and nothing is ever
// fetched. Time is linear in the length of the document.
//
// Two liberties are taken, because servers take them: a space may be missing
// between two attributes, and white space may stand ahead of the XML
// declaration.
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
