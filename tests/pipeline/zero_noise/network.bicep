param location string = resourceGroup().location

resource rules 'Microsoft.Network/networkSecurityGroups@2023-11-01' = {
  name: 'nsg-noise'
  location: location
  properties: {
    securityRules: [
      {
        name: 'allow-https'
        properties: {
          access: 'Allow'
          direction: 'Inbound'
          priority: 100
          protocol: 'Tcp'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '443'
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2023-11-01' = {
  name: 'vnet-noise'
  location: location
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] }
    subnets: [
      { name: 'apps', properties: { addressPrefix: '10.0.0.0/23', networkSecurityGroup: { id: rules.id } } }
      { name: 'data', properties: { addressPrefix: '10.0.4.0/24' } }
    ]
  }
}
