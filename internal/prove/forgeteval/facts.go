package forgeteval

import "fmt"

// fact is one sentence about a person, made of a template, and its memory.
type fact struct {
	topic      int
	text       string
	value      string // the word of the sentence that answers
	ask        string // finds it by its words
	paraphrase string // finds it by meaning as well: it has no word of the sentence but the name
	id         string
	was        reply // the answer to its encode
}

var people = []string{
	"Alma", "Bruno", "Celia", "Dario", "Edith", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Klara", "Lukas",
	"Mira", "Nils", "Olga", "Pablo", "Rosa", "Stefan", "Tilda", "Viktor",
}

// topics are templates: a sentence with the places of a name and of a value, the words that ask for it, and other words for it.
var topics = []struct {
	sentence, ask, paraphrase string
	values                    []string
}{
	{"%s drinks %s every morning", "%s drinks morning", "beverage of %s at breakfast", []string{"coffee", "tea", "milk", "juice", "cocoa", "water"}},
	{"%s lives in the city of %s", "%s lives city", "town where the home of %s is", []string{"Lisbon", "Vienna", "Oslo", "Dublin", "Prague", "Zurich"}},
	{"%s works as a %s at the hospital", "%s works hospital", "profession and job of %s in the clinic", []string{"nurse", "surgeon", "cook", "porter", "chemist", "clerk"}},
	{"%s drives an old %s car", "%s drives car", "which vehicle and automobile %s has", []string{"red", "blue", "green", "white", "black", "silver"}},
	{"%s plays the %s in an orchestra", "%s plays orchestra", "musical instrument of %s at a concert", []string{"violin", "cello", "flute", "oboe", "trumpet", "harp"}},
	{"the dog of %s is a %s", "dog of %s", "breed of the puppy and pet that %s has", []string{"poodle", "terrier", "beagle", "collie", "spaniel", "husky"}},
	{"%s is allergic to %s and carries pills", "%s allergic pills", "allergy and medicine of %s", []string{"peanuts", "pollen", "shrimp", "wool", "penicillin", "eggs"}},
	{"%s grows %s in the garden", "%s grows garden", "vegetables that %s plants in the yard", []string{"tomatoes", "carrots", "onions", "beans", "pumpkins", "spinach"}},
	{"%s studies %s at the university", "%s studies university", "which subject %s learns in college", []string{"physics", "history", "biology", "law", "geology", "music"}},
	{"%s celebrates the birthday in %s", "%s celebrates birthday", "month of the anniversary party of %s", []string{"January", "March", "May", "July", "October", "December"}},
}

// about returns the fact about a person of a topic with a value. All three wrap around.
func about(person, topic, value int) *fact {
	who, t := people[person%len(people)], &topics[topic%len(topics)]
	v := t.values[value%len(t.values)]
	return &fact{
		topic: topic % len(topics), text: fmt.Sprintf(t.sentence, who, v), value: v,
		ask: fmt.Sprintf(t.ask, who), paraphrase: fmt.Sprintf(t.paraphrase, who),
	}
}

// topic and value are those of the main fact of a case. Cases of a family differ in person, topic or value.
func (c *trial) topic() int { return c.n/3 + c.n/120 }
func (c *trial) value() int { return c.n / len(people) }

// subject returns the main fact of a case.
func (c *trial) subject() *fact { return about(c.n, c.topic(), c.value()) }

// another returns the fact with another value that corrects the subject, a further one for each n from 1 on.
func (c *trial) another(n int) *fact { return about(c.n, c.topic(), c.value()+n) }

// others returns facts that differ from the subject in topic, or in person.
func (c *trial) others(n int) (facts []*fact) {
	for i := 1; i <= n; i++ {
		if i%2 == 0 {
			facts = append(facts, about(c.n, c.topic()+i, i))
		} else {
			facts = append(facts, about(c.n+i, c.topic(), c.value()+i))
		}
	}
	return facts
}
